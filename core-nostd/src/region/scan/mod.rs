//! The two questions to a word of bits, by the processor's instruction where it has one.

mod native;
mod table;
#[cfg(test)]
mod tests;

/// Largest number that [`exponent`] is asked for.
pub(super) const MOST: u32 = u16::MAX as u32;

/// Processors that do not count zeros: RISC-V, and ARMv6-M, which is known by having no compare-and-swap either.
const BY_TABLE: bool = cfg!(any(
    target_arch = "riscv32",
    target_arch = "riscv64",
    all(target_arch = "arm", not(target_has_atomic = "ptr"))
));

/// The place of the lowest one in a mask that has one.
#[inline(always)]
pub(super) fn lowest(mask: u32) -> u32 {
    if BY_TABLE { table::lowest(mask) } else { native::lowest(mask) }
}

/// By how much a number must be shifted so that its two highest bits are left; 0 for those below 4.
#[inline(always)]
pub(super) fn exponent(number: u32) -> u32 {
    if BY_TABLE { table::exponent(number) } else { native::exponent(number) }
}
