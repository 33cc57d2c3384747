//! Where the thread's storage is, on aarch64.

#![allow(unsafe_code, reason = "reads the thread pointer")]

use core::arch::asm;

/// Address of the thread's storage.
#[inline(always)]
pub(super) fn storage() -> *mut u8 {
    let storage: *mut u8;
    // SAFETY: reads the thread pointer and a constant of the loader.
    unsafe {
        asm!(
            "mrs {0}, tpidr_el0",
            "adrp {1}, :gottprel:hakmem_front_v1",
            "ldr {1}, [{1}, :gottprel_lo12:hakmem_front_v1]",
            "add {0}, {0}, {1}",
            out(reg) storage,
            out(reg) _,
            options(pure, readonly, nostack)
        );
    }
    storage
}
