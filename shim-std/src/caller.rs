//! Who calls: the thread's number, and its frames, if a shim has said how to walk them.

#![allow(unsafe_code, reason = "keeps a function's address, asks the C library")]

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// What stands below a thread's number in its clock's name.
const CLOCK_KIND_BITS: u32 = 3;

unsafe extern "C" {
    fn pthread_self() -> usize;
    fn pthread_getcpuclockid(thread: usize, clock: *mut c_int) -> c_int;
}

/// Writes the addresses of the calls that led here, innermost first; returns how many.
pub type Walk = fn(&mut [usize]) -> usize;

static WALK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has callers' frames be walked so.
///
/// # Safety
///
/// It neither allocates nor takes a lock that allocating code may hold.
pub unsafe fn walk_with(walk: Walk) {
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

/// The calling thread's number, as the system counts: the C library knows it, and says so without a system call in the
/// name of the thread's own clock, which is the complement of the number above three bits.
pub fn thread() -> u64 {
    let mut clock = 0;
    // SAFETY: the calling thread lives.
    let failed = unsafe { pthread_getcpuclockid(pthread_self(), &raw mut clock) };
    if failed == 0 { u64::from(!(clock >> CLOCK_KIND_BITS) as u32) } else { 0 }
}
