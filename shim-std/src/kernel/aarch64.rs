//! On aarch64.

#![allow(unsafe_code, reason = "calls the kernel")]

use core::arch::asm;

pub(super) const READ: usize = 63;
pub(super) const CLOSE: usize = 57;
pub(super) const OPENAT: usize = 56;
pub(super) const READLINKAT: usize = 78;
/// The number of `futex`.
pub const FUTEX: usize = 98;

/// Makes a system call.
///
/// # Safety
///
/// What it does is right.
#[inline]
pub unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result;
    // SAFETY: the caller's promise; this register is all that changes.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b,
            in("x2") c,
            in("x3") d,
            in("x4") e,
            in("x5") f,
            options(nostack)
        );
    }
    result
}
