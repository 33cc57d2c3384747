//! The first calls of a process: blocks of mixed sizes, all held. What is timed is mostly the system giving pages.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::pages::Pages;
use crate::workload::xorshift::Xorshift;

/// Calls of `malloc`.
pub(crate) const CALLS: usize = 10_000;

/// Every call is a step; the places that the blocks are held in were written before.
pub(crate) fn run(size: impl Fn(&mut Xorshift) -> usize) -> Sample {
    let mut random = Xorshift::new(42);
    let mut blocks = Pages::<Option<Block>>::zeroed(CALLS);
    blocks.iter_mut().for_each(|place| *place = None);

    let meter = Meter::start();
    for place in blocks.iter_mut() {
        *place = Some(Block::with_ends(size(&mut random)));
    }
    let reading = meter.stop();

    blocks.iter_mut().filter_map(Option::take).for_each(Block::free);
    reading.finish(CALLS as u64)
}
