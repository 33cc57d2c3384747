//! Replacement: a window full of blocks, of which each step replaces a random one.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::pages::Pages;
use crate::workload::xorshift::Xorshift;

/// A short run gets a smaller window: filling it should not take longer than the run.
const MOST_SLOTS_PER_STEP: usize = 10;

/// `steps` replacements in a window of `most` blocks, filled before the clock starts.
pub(crate) fn run(steps: u64, most: usize, size: impl Fn(&mut Xorshift) -> usize) -> Sample {
    let count = most.min(steps as usize * MOST_SLOTS_PER_STEP).max(1);
    let mut random = Xorshift::new(42);
    let mut slots = Pages::<Option<Block>>::zeroed(count);
    for slot in slots.iter_mut() {
        *slot = Some(Block::with_ends(size(&mut random)));
    }

    let meter = Meter::start();
    for _ in 0..steps {
        let slot = &mut slots[random.draw() % count];
        if let Some(block) = slot.take() {
            block.free();
        }
        *slot = Some(Block::with_ends(size(&mut random)));
    }
    let reading = meter.stop();

    slots.iter_mut().filter_map(Option::take).for_each(Block::free);
    drop(slots);
    reading.finish(steps)
}
