//! Signals: what is sent to us while a child runs is meant for the child.

#![allow(unsafe_code, reason = "sets signal handlers and sends signals")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

const SIGHUP: c_int = 1;
const SIGINT: c_int = 2;
const SIGQUIT: c_int = 3;
const SIGUSR1: c_int = 10;
const SIGUSR2: c_int = 12;
const SIGTERM: c_int = 15;
const SIG_IGN: usize = 1;

/// The child's process id; 0 while there is none.
static CHILD: AtomicI32 = AtomicI32::new(0);

unsafe extern "C" {
    fn signal(number: c_int, handler: usize) -> usize;
    fn kill(process: c_int, number: c_int) -> c_int;
}

/// From now on signals go to the process `child`. The terminal's keys reach it without us: those are ignored.
pub(crate) fn forward_to(child: u32) {
    CHILD.store(child.cast_signed(), Ordering::Relaxed);
    let forward: extern "C" fn(c_int) = forward;
    for number in [SIGHUP, SIGUSR1, SIGUSR2, SIGTERM] {
        // SAFETY: the handler takes the number alone, and calls only what signal handlers may.
        unsafe { signal(number, forward as usize) };
    }
    for number in [SIGINT, SIGQUIT] {
        // SAFETY: to ignore a signal needs no handler.
        unsafe { signal(number, SIG_IGN) };
    }
}

/// The child was waited for: its id may soon be another's.
pub(crate) fn stop() {
    CHILD.store(0, Ordering::Relaxed);
}

extern "C" fn forward(number: c_int) {
    let child = CHILD.load(Ordering::Relaxed);
    if child > 0 {
        // SAFETY: kill takes numbers alone.
        unsafe { kill(child, number) };
    }
}
