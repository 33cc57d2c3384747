//! Fragmentation: what is left to be had between blocks that stay.

use firmware_device::{ARENA_BYTES, say};

use super::blocks::Blocks;
use super::heap::{self, Block, WORD};
use super::random::Random;
use super::stream::{MIXED160, Slots, Watch};

fn take_all(bytes: usize) -> usize {
    let mut count = 0;
    while heap::take(bytes, WORD).0.is_some() {
        count += 1;
    }
    count
}

/// Blocks of 16 to 256 bytes, of which every other one goes; then blocks of 128.
fn every_other() {
    heap::renew(ARENA_BYTES);
    let (mut blocks, mut random) = (Blocks::NONE, Random::new(11));
    blocks.fill_with(|| random.between(16, 256));
    let filled = blocks.bytes();
    blocks.give_each((0..blocks.count()).step_by(2));
    say!("every_other.filled {filled}");
    say!("every_other.freed {}", filled - blocks.bytes());
    say!("every_other.largest {}", heap::largest());
    say!("every_other.refilled {}", take_all(128) * 128);
}

/// Blocks of 64 bytes, of which two of four go; then blocks of 128.
fn pairs() {
    heap::renew(ARENA_BYTES);
    let mut blocks = Blocks::NONE;
    blocks.fill(64);
    let whole = blocks.count() / 4;
    // What was left at the end stays so.
    while heap::take(8, WORD).0.is_some() {}
    blocks.give_each((0..whole * 4).filter(|place| place % 4 < 2));
    say!("pairs.freed {whole}");
    say!("pairs.reused {}", take_all(128));
}

struct Live(usize);

impl Watch for Live {
    fn took(&mut self, block: Option<&mut Block>, bytes: usize, _: u32) {
        self.0 += if block.is_some() { bytes } else { 0 };
    }

    fn gives(&mut self, block: &mut Block) {
        self.0 -= block.bytes;
    }
}

/// A long mixed stream that fills a fifth of the arena.
fn long() {
    heap::renew(ARENA_BYTES);
    let mut live = Live(0);
    MIXED160.play_steps(30_000, &mut Slots::empty(), &mut live);
    say!("long.live {}", live.0);
    say!("long.largest {}", heap::largest());
}

pub(crate) fn run() {
    every_other();
    pairs();
    long();
}
