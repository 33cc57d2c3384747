//! fork: the child finds the allocator whole, and no thread waits for a fork.
//!
//! Handlers that run before a fork run in the reverse order of their registration: what those that run after ours need
//! they are given, as are other threads, however long the C library waits before it calls the system (for its lists,
//! whose holders may be about to allocate). Ours are registered when the preload library is initialised, which is linked
//! to be the first (`-z initfirst` in .cargo/config.toml; other flags in `RUSTFLAGS` take its place, so a test of the
//! built library and `hakmem check LIBRARY` look), so that this time is as short as can be.

#![allow(unsafe_code, reason = "registers with the C library")]

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::process::{self, ALLOCATOR};
use crate::witness::ours;
use crate::{front, purge_thread};

unsafe extern "C" {
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

/// Has the C library tell us of every fork; once a process, however often it is called.
pub fn arm() {
    static ARMED: AtomicBool = AtomicBool::new(false);
    if ARMED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the three functions are ours and stay. If it fails, a fork is as safe as the moment is quiet.
    unsafe { pthread_atfork(Some(prepare), Some(parent), Some(child)) };
}

extern "C" fn prepare() {
    ours(|| ALLOCATOR.before_fork(front::own()));
}

extern "C" fn parent() {
    // SAFETY: the C library calls it then.
    unsafe { after(false) };
}

extern "C" fn child() {
    // SAFETY: as above.
    unsafe { after(true) };
    purge_thread::forked();
}

/// # Safety
///
/// It is what the thread that forked does first, on either side.
unsafe fn after(in_child: bool) {
    // SAFETY: the caller's promise.
    if let Err(fault) = ours(|| unsafe { ALLOCATOR.after_fork(front::own(), in_child) }) {
        process::fault(b"free", fault);
    }
}
