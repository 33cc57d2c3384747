//! On x86_64.

#![allow(unsafe_code, reason = "calls the kernel")]

use core::arch::asm;

pub(super) const READ: usize = 0;
pub(super) const CLOSE: usize = 3;
pub(super) const OPENAT: usize = 257;
pub(super) const READLINKAT: usize = 267;
/// The number of `futex`.
pub const FUTEX: usize = 202;

/// Makes a system call.
///
/// # Safety
///
/// What it does is right.
#[inline]
pub unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result;
    // SAFETY: the caller's promise; these registers are all that changes.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    result
}
