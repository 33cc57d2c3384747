//! All pointer arithmetic that is not a plain `add`: provenance is kept, nothing is made from an integer.

/// `bytes` rounded up to a multiple of the power of two `unit`; `None` past the end of memory.
pub const fn round_up(bytes: usize, unit: usize) -> Option<usize> {
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
pub fn align_down<T>(pointer: *const T, unit: usize) -> *mut u8 {
    pointer.map_addr(|address| address & !(unit - 1)).cast_mut().cast()
}
