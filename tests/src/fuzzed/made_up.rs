//! Inputs to begin with: programs as clients write them, with what only a fuzzer does now and then.

use hakmem_replay::action::BYTES_END;
use hakmem_replay::trace::{ActionLine, Head};
use hakmem_replay::{Action, Stream, Wrong};

/// Marsaglia's xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn bytes(&mut self, count: u64) -> impl Iterator<Item = u8> {
        (0..count).map(|_| self.roll() as u8)
    }
}

/// An input for a target: the same for the same number.
pub fn input(target: &str, number: u32) -> Vec<u8> {
    let mut dice = Dice(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    dice.bytes(4).for_each(drop);
    match target {
        "settings" => settings(&mut dice),
        "trace" => trace(&mut dice),
        _ => program(&mut dice),
    }
}

fn stream(dice: &mut Dice) -> Stream {
    let most_bytes = [100, 2000, 40_000, 300_000, 3_000_000][dice.below(5) as usize];
    Stream::new(dice.roll() as u32 | 1, most_bytes)
}

/// A head that may be anything, then actions, some of them wrong, and events.
fn program(dice: &mut Dice) -> Vec<u8> {
    let mut bytes: Vec<u8> = dice.bytes(9).collect();
    let mut actions = stream(dice);
    for _ in 0..20 + dice.below(400) {
        match dice.below(24) {
            0 => bytes.extend([0x80 | dice.roll() as u8 & 0x3F, dice.roll() as u8]),
            1 | 2 => {
                let wrong = [Wrong::Twice, Wrong::Inside, Wrong::Astray, Wrong::Foreign][dice.below(4) as usize];
                let shift = dice.below(24);
                let offset = dice.below(u64::from(BYTES_END) >> shift) as u32;
                bytes.extend_from_slice(&Action::Misuse { slot: dice.roll() as u8, wrong, offset }.encoded());
            }
            _ => actions.next().into_iter().for_each(|action| bytes.extend_from_slice(&action.encoded())),
        }
    }
    bytes
}

fn settings(dice: &mut Dice) -> Vec<u8> {
    let words = super::settings::words();
    let mut bytes = vec![[255, dice.below(12) as u8][dice.below(2) as usize]];
    for _ in 0..dice.below(24) {
        let shift = dice.below(48);
        let number = dice.roll() >> shift;
        let word = match dice.below(4) {
            0 => number.to_string(),
            1 => [":", "=", ",", "+"][dice.below(4) as usize].to_owned(),
            _ => words[dice.below(words.len() as u64) as usize].to_owned(),
        };
        bytes.extend(word.bytes());
    }
    bytes
}

fn trace(dice: &mut Dice) -> Vec<u8> {
    let profile = ["tiny", "bounded", "flawed"][dice.below(3) as usize];
    let head = Head { profile, bytes: dice.below(1 << 15) as usize, origin: dice.roll() & !7 };
    let mut bytes = format!("{head}\n").into_bytes();
    for action in stream(dice).take(dice.below(80) as usize) {
        bytes.extend_from_slice(&ActionLine::new(&action.encoded()));
    }
    bytes.extend(format!("END {} actions\n", dice.below(100)).bytes());
    bytes
}
