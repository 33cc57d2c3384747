//! Who calls: the thread's number, and its frames, if a shim has said how to walk them.

#![allow(unsafe_code, reason = "keeps a function's address")]

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Writes the addresses of the calls that led here, innermost first; returns how many.
pub type Walk = fn(&mut [usize]) -> usize;

static WALK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has callers' frames be walked so. It must neither allocate nor take a lock that allocating code may hold.
pub fn walk_with(walk: Walk) {
    WALK.store(walk as *mut (), Ordering::Release);
}

/// The calling thread's number, and how many frames of it were written.
#[cold]
pub(crate) fn tell(frames: &mut [usize]) -> (u64, usize) {
    let walk = WALK.load(Ordering::Acquire);
    let depth = if walk.is_null() {
        0
    } else {
        // SAFETY: only `walk_with` stores there, and functions stay.
        let walk = unsafe { core::mem::transmute::<*mut (), Walk>(walk) };
        walk(frames)
    };
    (thread(), depth)
}

/// The calling thread's number, as the system counts.
pub fn thread() -> u64 {
    u64::from(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs())
}
