//! The devices' ports.

#![allow(unsafe_code, reason = "talks to devices")]

use core::arch::asm;

/// # Safety
///
/// The device is the caller's.
pub(super) unsafe fn write(port: u16, value: u8) {
    // SAFETY: the caller's promise.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nostack, preserves_flags)) };
}

/// # Safety
///
/// The device is the caller's.
pub(super) unsafe fn read(port: u16) -> u8 {
    let value;
    // SAFETY: the caller's promise.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nostack, preserves_flags)) };
    value
}
