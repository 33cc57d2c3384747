use std::vec::Vec;

use super::Dice;

/// The key stream of ChaCha8 with a key, a counter and a nonce of zeros (draft-strombergson-chacha-test-vectors-01,
/// TC1, 256 bits), words as little endians, from the last of a block to the first.
#[test]
fn it_is_chacha() {
    let dice = Dice::new([0; 8]);
    let mut stream: Vec<u32> = (0..16).map(|_| dice.draw()).collect();
    stream.reverse();
    let bytes: Vec<u8> = stream.into_iter().flat_map(u32::to_le_bytes).collect();
    assert_eq!(bytes[..8], [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6]);
}

#[test]
fn every_number_below_comes_up_about_as_often() {
    let dice = Dice::new([7; 8]);
    for count in [1, 2, 3, 14, 64, 254] {
        let mut seen = [0u32; 254];
        for _ in 0..count * 1000 {
            seen[dice.below(count)] += 1;
        }
        assert!(seen[..count].iter().all(|times| (800..1200).contains(times)), "{count}: {:?}", &seen[..count]);
    }
}

#[test]
fn another_key_is_another_row() {
    let (one, two) = (Dice::new([1; 8]), Dice::new([1; 8]));
    two.rekey([2; 8]);
    assert!((0..100).filter(|_| one.draw() == two.draw()).count() < 3);
}
