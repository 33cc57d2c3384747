//! Where the thread's storage is, on x86_64.

#![allow(unsafe_code, reason = "reads the thread pointer")]

use core::arch::asm;

/// Address of the thread's storage.
#[inline(always)]
pub(super) fn storage() -> *mut u8 {
    let storage: *mut u8;
    // SAFETY: reads the thread pointer and a constant of the loader.
    unsafe {
        asm!(
            "mov {0}, fs:[0]",
            "add {0}, qword ptr [rip + hakmem_front_v1@GOTTPOFF]",
            out(reg) storage,
            options(pure, readonly, nostack)
        );
    }
    storage
}
