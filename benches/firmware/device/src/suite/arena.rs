//! The smallest arena that serves a stream without a refusal: halved down to 64 bytes.

use firmware_device::say;

use super::heap::{self, Block, MOST_BYTES, WORD};
use super::stream::{FIFO64, MIXED256, RAND64, SMALL256, Slots, Stream, Watch};

const STEP: usize = 64;

struct Refusal(bool);

impl Watch for Refusal {
    fn took(&mut self, block: Option<&mut Block>, _: usize, _: u32) {
        self.0 |= block.is_none();
    }

    fn seen_enough(&self) -> bool {
        self.0
    }
}

fn serves(stream: &Stream, bytes: usize) -> bool {
    heap::renew(bytes);
    let mut refusal = Refusal(false);
    stream.play(&mut Slots::empty(), &mut refusal);
    !refusal.0
}

fn smallest(stream: &Stream) -> usize {
    let (mut too_few, mut enough) = (1024 / STEP, MOST_BYTES / STEP);
    assert!(serves(stream, enough * STEP), "the arena is too small for {}", stream.name);
    while enough - too_few > 1 {
        let middle = (too_few + enough) / 2;
        let end = if serves(stream, middle * STEP) { &mut enough } else { &mut too_few };
        *end = middle;
    }
    enough * STEP
}

pub(crate) fn run() {
    for (figure, align) in [("arena", WORD), ("arena8", 8)] {
        for stream in [RAND64, SMALL256, MIXED256, FIFO64] {
            say!("{figure}.{} {}", stream.name, smallest(&stream.aligned(align)));
        }
    }
}
