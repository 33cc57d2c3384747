//! All pointer arithmetic that is not a plain `add`: provenance is kept, nothing is made from an integer.

#![allow(unsafe_code, reason = "prefetches")]

/// `bytes` rounded up to a multiple of the power of two `unit`; `None` past the end of memory.
#[cfg(target_has_atomic = "64")]
pub(crate) const fn round_up(bytes: usize, unit: usize) -> Option<usize> {
    match bytes.checked_add(unit - 1) {
        Some(sum) => Some(sum & !(unit - 1)),
        None => None,
    }
}

/// The first address at or above `pointer` that is a multiple of the power of two `unit`.
pub fn align_up(pointer: *mut u8, unit: usize) -> *mut u8 {
    pointer.wrapping_add(pointer.addr().wrapping_neg() & (unit - 1))
}

/// The last address at or below `pointer` that is a multiple of the power of two `unit`.
#[inline]
pub(crate) fn align_down<T>(pointer: *const T, unit: usize) -> *mut u8 {
    pointer.map_addr(|address| address & !(unit - 1)).cast_mut().cast()
}

/// Says that what is there will soon be read and written. Any address will do.
#[cfg(target_has_atomic = "64")]
#[inline(always)]
pub(crate) fn prefetch(pointer: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults, and every x86_64 has it.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(pointer.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = pointer;
}
