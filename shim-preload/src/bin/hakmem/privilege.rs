//! Privilege: rights that a program's file gives to who starts it. The loader then ignores `LD_PRELOAD`.

#![allow(unsafe_code, reason = "asks the C library for a file's capabilities")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SETUID: u32 = 0o4000;
/// Without the group's execute bit, 02000 means mandatory locking instead.
const SETGID: u32 = 0o2010;
const CAPABILITY: &CStr = c"security.capability";

unsafe extern "C" {
    fn getxattr(path: *const c_char, name: *const c_char, value: *mut c_void, size: usize) -> isize;
}

/// `setuid`, `setgid` or how else the file `path` gives rights; none if it does not.
pub(crate) fn of(path: &Path) -> Option<&'static str> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    if mode & SETUID == SETUID {
        Some("setuid")
    } else if mode & SETGID == SETGID {
        Some("setgid")
    } else if has_capabilities(path) {
        Some("given file capabilities")
    } else {
        None
    }
}

fn has_capabilities(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: both names are C strings; a size of 0 asks for the length, nothing is written.
    unsafe { getxattr(path.as_ptr(), CAPABILITY.as_ptr(), std::ptr::null_mut(), 0) > 0 }
}
