//! fork: the child finds no lock held.

#![allow(unsafe_code, reason = "registers with the C library")]

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::{purge_thread, slow};

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
    slow::before_fork();
}

extern "C" fn parent() {
    slow::after_fork(false);
}

extern "C" fn child() {
    slow::after_fork(true);
    purge_thread::forked();
}
