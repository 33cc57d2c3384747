//! The table says what the processor says.

use super::{MOST, native, table};

#[test]
fn every_exponent_and_every_lowest_bit() {
    for number in 0..=MOST {
        let expected = (u32::BITS - (number | 2).leading_zeros()) - 2;
        assert_eq!((native::exponent(number), table::exponent(number)), (expected, expected), "{number}");
    }
    for place in 0..32 {
        for above in [0, 1, 0x1234_5678, u32::MAX] {
            let mask = (above << place) | 1 << place;
            assert_eq!((native::lowest(mask), table::lowest(mask)), (place, place), "{mask:#x}");
        }
    }
}
