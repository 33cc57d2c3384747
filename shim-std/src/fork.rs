//! fork: the child finds no lock held.
//!
//! Handlers that run before a fork run in the reverse order of their registration. Those of a library that holds a lock
//! of its own across forks must run before ours: its lock's holder may wait for ours. So ours are registered when the
//! preload library is initialised, which is linked to be the first (`-z initfirst` in .cargo/config.toml).

#![allow(unsafe_code, reason = "registers with the C library")]

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::{purge_thread, slow};

/// What the fork under way holds. Who stores here has all locks, or the process alone.
static HELD: AtomicU32 = AtomicU32::new(0);
/// True if the process had one thread when it began.
static ALONE: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    /// The C library's own word for it: 1 while there never was another thread.
    static __libc_single_threaded: AtomicU8;

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
    // SAFETY: a byte of the C library's, which another thread's start changes.
    let alone = unsafe { &__libc_single_threaded }.load(Ordering::Relaxed) != 0;
    let held = slow::before_fork(alone);
    HELD.store(held, Ordering::Relaxed);
    ALONE.store(alone, Ordering::Relaxed);
}

extern "C" fn parent() {
    slow::after_fork(HELD.load(Ordering::Relaxed), ALONE.load(Ordering::Relaxed), false);
}

extern "C" fn child() {
    slow::after_fork(HELD.load(Ordering::Relaxed), ALONE.load(Ordering::Relaxed), true);
    purge_thread::forked();
}
