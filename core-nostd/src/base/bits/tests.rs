use super::*;

#[test]
fn each_one_has_its_number() {
    let mask = 0x8000_0100_0000_1011;
    let numbers: [u32; 6] = core::array::from_fn(|before| nth_one(mask, before));
    assert_eq!(numbers, [0, 4, 12, 40, 63, 64]);
}

#[test]
fn run_starts_agrees_with_a_bit_by_bit_search() {
    let mut mask = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..2_000 {
        mask = mask.rotate_left(7).wrapping_mul(0xD129_0D3B_3F6C_5A27) | (mask >> 3);
        for length in 1..=64 {
            let starts = run_starts(mask, length);
            for at in 0..64 {
                let whole = at + length <= 64 && (mask >> at) & low(length) == low(length);
                assert_eq!(starts >> at & 1 == 1, whole, "{mask:#x} length {length} at {at}");
            }
        }
    }
}

#[test]
fn take_lowest_takes_the_lowest() {
    let mut mask = 0b1011_0110;
    assert_eq!(take_lowest(&mut mask, 3), 0b0001_0110);
    assert_eq!(mask, 0b1010_0000);
    assert_eq!(take_lowest(&mut mask, 9), 0b1010_0000);
    assert_eq!(mask, 0);
}

#[test]
fn runs_cover_the_mask_once() {
    let mut seen = 0;
    for_each_run(0xF0F3_0000_0000_8001, |start, length| {
        let run = low(length) << start;
        assert_eq!(seen & run, 0);
        seen |= run;
    });
    assert_eq!(seen, 0xF0F3_0000_0000_8001);
}
