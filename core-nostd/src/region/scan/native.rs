//! For processors that count leading and trailing zeros.

/// The place of the lowest one in a mask that has one.
#[inline(always)]
pub(super) fn lowest(mask: u32) -> u32 {
    mask.trailing_zeros()
}

/// By how much a number must be shifted so that its two highest bits are left; 0 for those below 4.
#[inline(always)]
pub(super) fn exponent(number: u32) -> u32 {
    30 - (number | 2).leading_zeros()
}
