//! Thread churn: threads start, allocate some blocks, leave a few to others, and exit.

use std::ffi::c_void;
use std::ptr::null_mut;

use crate::sample::Sample;
use crate::workload::block::{Block, Handover};
use crate::workload::meter::Meter;
use crate::workload::thread::Thread;
use crate::workload::xorshift::Xorshift;

const BLOCKS: usize = 60;
/// Of these, freed by the main thread after the thread's end.
const LEFT: usize = 10;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 512;

static LEFT_BEHIND: [Handover; LEFT] = [const { Handover::new() }; LEFT];

/// A step is the life of a thread, one after another.
pub(crate) fn run(steps: u64) -> Sample {
    let meter = Meter::start();
    for number in 0..steps {
        Thread::start(thread_body, number as usize).join();
        LEFT_BEHIND.iter().filter_map(Handover::take).for_each(Block::free);
    }
    meter.stop().finish(steps)
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let mut random = Xorshift::new(42 + (argument.addr() as u32 & 0xFFFF));
    let mut blocks = [const { None }; BLOCKS];
    for place in &mut blocks {
        *place = Some(Block::with_ends(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1)));
    }
    let mut held = blocks.into_iter().flatten();
    for (place, block) in LEFT_BEHIND.iter().zip(held.by_ref()) {
        if let Some(other) = place.swap(block) {
            other.free();
        }
    }
    held.for_each(Block::free);
    null_mut()
}
