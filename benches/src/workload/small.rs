//! A small program: a few hundred small blocks, all held while its memory is read.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::xorshift::Xorshift;

const BLOCKS: usize = 300;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 512;

/// Its RSS at the end is that with the blocks held.
pub(crate) fn run() -> Sample {
    let mut random = Xorshift::new(42);
    let mut blocks = [const { None }; BLOCKS];
    for place in &mut blocks {
        *place = Some(Block::with_ends(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1)));
    }
    let sample = Meter::start().stop().finish(0);
    blocks.into_iter().flatten().for_each(Block::free);
    sample
}
