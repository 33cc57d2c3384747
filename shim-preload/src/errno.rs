//! errno: set to ENOMEM when memory is out, otherwise left alone.

#![allow(unsafe_code, reason = "errno is a C variable")]

use core::ffi::{c_int, c_void};
use core::ptr;

/// Out of memory.
pub(crate) const ENOMEM: c_int = 12;
/// Invalid argument.
pub(crate) const EINVAL: c_int = 22;

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
}

/// What it is.
pub(crate) fn get() -> c_int {
    // SAFETY: the C library's errno is this thread's.
    unsafe { *__errno_location() }
}

/// Sets it.
pub(crate) fn set(errno: c_int) {
    // SAFETY: as above.
    unsafe { *__errno_location() = errno };
}

/// Null, with errno set.
#[cold]
pub(crate) fn out_of_memory() -> *mut c_void {
    set(ENOMEM);
    ptr::null_mut()
}

/// Null, with errno set to EINVAL.
#[cold]
pub(crate) fn invalid() -> *mut c_void {
    set(EINVAL);
    ptr::null_mut()
}
