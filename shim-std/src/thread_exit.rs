//! A thread ends: its heap is handed over, as late as the C library lets us.
//!
//! `thread_local!` destructors allocate when they are registered, so a pthread key it is. Keys are
//! destroyed in up to four rounds; ours re-arms itself twice, so that other keys' destructors still find
//! the thread's front open. What comes later still (the C library's own buffers) is served block by block.

#![allow(unsafe_code, reason = "calls pthread functions")]

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;

use crate::key::Key;
use crate::process::ALLOCATOR;
use crate::witness::ours;
use crate::{front, process, purge_thread};

type Destructor = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn pthread_key_create(key: *mut c_uint, destructor: Option<Destructor>) -> c_int;
    fn pthread_key_delete(key: c_uint) -> c_int;
    fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
}

const ROUNDS: usize = 3;
static KEY: Key = Key::new();

/// Has the calling thread's front closed when it ends. Called once a thread, after its first block: from
/// here on the C library may allocate through us.
pub(crate) fn arm() {
    if let Some(key) = key() {
        set(key, 1);
    }
}

fn key() -> Option<c_uint> {
    let make = || {
        let mut key = 0;
        // SAFETY: the destructor fits, and the key is ours.
        (unsafe { pthread_key_create(&raw mut key, Some(destroy)) } == 0).then_some(key)
    };
    let unmake = |key| {
        // SAFETY: nobody has seen this key.
        unsafe { pthread_key_delete(key) };
    };
    KEY.get(make, unmake)
}

fn set(key: c_uint, round: usize) {
    // SAFETY: a key of ours; the value is a number, never followed.
    unsafe { pthread_setspecific(key, ptr::without_provenance(round)) };
}

unsafe extern "C" fn destroy(value: *mut c_void) {
    let round = value.addr();
    if round < ROUNDS
        && let Some(key) = key()
    {
        set(key, round + 1);
        return;
    }
    if let Err(fault) = ours(|| ALLOCATOR.end_thread(front::own())) {
        process::fault(b"thread exit", fault);
    }
    ours(front::retire);
    purge_thread::thread_ended();
}
