//! Phases: the heap grows to 64 MiB, shrinks to an eighth, grows again; at last all is freed.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::pages::Pages;
use crate::workload::xorshift::Xorshift;

/// Of 1 KiB on average.
const SLOTS: usize = 65_536;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 2048;
/// One block in so many outlives a phase.
const SURVIVORS: usize = 8;

/// A step is a block allocated; its free is part of it.
pub(crate) fn run(steps: u64) -> Sample {
    let mut random = Xorshift::new(42);
    let mut slots = Pages::<Option<Block>>::zeroed(SLOTS);
    let mut done = 0;

    let meter = Meter::start();
    while done < steps {
        for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
            *slot = Some(Block::with_pages(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1)));
            done += 1;
        }
        for slot in slots.iter_mut() {
            if !random.draw().is_multiple_of(SURVIVORS)
                && let Some(block) = slot.take()
            {
                block.free();
            }
        }
    }
    slots.iter_mut().filter_map(Option::take).for_each(Block::free);
    let reading = meter.stop();

    drop(slots);
    reading.finish(done)
}
