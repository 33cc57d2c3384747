//! The toggling loop: each step frees a random slot that is full, or fills one that is empty.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::xorshift::Xorshift;

/// Toggles `SLOTS` slots; `fill` gets a draw of its own to choose the size from.
pub(crate) fn run<const SLOTS: usize>(steps: u64, seed: u32, fill: impl Fn(usize) -> Block) -> Sample {
    let mut random = Xorshift::new(seed);
    let mut slots = [const { None::<Block> }; SLOTS];

    let meter = Meter::start();
    for _ in 0..steps {
        let slot = &mut slots[random.draw() % SLOTS];
        match slot.take() {
            Some(block) => block.free(),
            None => *slot = Some(fill(random.draw())),
        }
    }
    let reading = meter.stop();

    slots.into_iter().flatten().for_each(Block::free);
    reading.finish(steps)
}
