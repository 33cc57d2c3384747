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

/// Null, with errno set.
#[cold]
pub(crate) fn out_of_memory() -> *mut c_void {
    // SAFETY: the C library's errno is this thread's.
    unsafe { *__errno_location() = ENOMEM };
    ptr::null_mut()
}

/// The block; for null, sets errno first.
pub(crate) fn checked(block: *mut u8) -> *mut c_void {
    if block.is_null() { out_of_memory() } else { block.cast() }
}

/// Null, with errno set to EINVAL.
#[cold]
pub(crate) fn invalid() -> *mut c_void {
    // SAFETY: as above.
    unsafe { *__errno_location() = EINVAL };
    ptr::null_mut()
}
