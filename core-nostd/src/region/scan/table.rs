//! For processors that do not count zeros: a multiplication and a table each, no loop.

/// A sequence in which every five bits in a row are different ones (de Bruijn).
const SEQUENCE: u32 = 0x077C_B531;

const LOWEST: [u8; 32] = {
    let (mut table, mut place) = ([0; 32], 0);
    while place < 32 {
        table[(SEQUENCE << place >> 27) as usize] = place as u8;
        place += 1;
    }
    table
};

/// Bits of each number below 64.
const BITS: [u8; 64] = {
    let (mut table, mut number) = ([0; 64], 0);
    while number < 64 {
        table[number as usize] = (u32::BITS - (number as u32).leading_zeros()) as u8;
        number += 1;
    }
    table
};

/// The place of the lowest one in a mask that has one.
#[inline(always)]
pub(super) fn lowest(mask: u32) -> u32 {
    u32::from(LOWEST[((mask & mask.wrapping_neg()).wrapping_mul(SEQUENCE) >> 27) as usize])
}

/// By how much a number must be shifted so that its two highest bits are left; 0 for those below 4.
#[inline(always)]
pub(super) fn exponent(number: u32) -> u32 {
    let number = number | 2;
    let (rest, shift) = match number {
        0..64 => (number, 0),
        64..4096 => (number >> 6, 6),
        _ => (number >> 12, 12),
    };
    shift + u32::from(BITS[(rest & 63) as usize]) - 2
}
