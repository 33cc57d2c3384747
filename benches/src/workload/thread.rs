//! A thread of the workload, started without an allocation of our own.
#![allow(unsafe_code, reason = "pthread_create: a thread of std would allocate in the timed loop")]

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::{null, null_mut, without_provenance_mut};

unsafe extern "C" {
    fn pthread_create(thread: *mut c_ulong, attributes: *const c_void, body: Body, argument: *mut c_void) -> c_int;
    fn pthread_join(thread: c_ulong, result: *mut *mut c_void) -> c_int;
    fn pthread_detach(thread: c_ulong) -> c_int;
}

/// What a thread does; its argument is the number given to `start`, as an address.
pub(crate) type Body = extern "C" fn(*mut c_void) -> *mut c_void;

/// One that runs, or ran and was not joined yet.
#[must_use]
pub(crate) struct Thread(c_ulong);

impl Thread {
    /// Starts `body` with a number.
    pub(crate) fn start(body: Body, number: usize) -> Self {
        let mut thread = 0;
        // SAFETY: the body takes its argument as a number, and lives as long as the process.
        let error = unsafe { pthread_create(&raw mut thread, null(), body, without_provenance_mut(number)) };
        assert!(error == 0, "pthread_create: error {error}");
        Self(thread)
    }

    /// Waits for its end.
    pub(crate) fn join(self) {
        // SAFETY: it was created as joinable, and this is the only join.
        let error = unsafe { pthread_join(self.0, null_mut()) };
        assert!(error == 0, "pthread_join: error {error}");
    }

    /// Lets go of it.
    pub(crate) fn detach(self) {
        // SAFETY: it was created as joinable, and nobody joins it.
        unsafe { pthread_detach(self.0) };
    }
}
