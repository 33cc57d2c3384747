//! Neighbours: of blocks that one thread allocated side by side, two others replace every other one each.

use std::ffi::c_void;
use std::ptr::null_mut;

use crate::sample::Sample;
use crate::workload::block::{Block, Handover};
use crate::workload::crew;

const THREADS: usize = 2;
/// Of one thread; both together have 32 KiB, a slab of ours.
const BLOCKS: usize = 256;
const SIZE: usize = 64;

/// What the main thread allocates, and where the blocks lie again at the end: each thread's are `THREADS` apart.
static PLACES: [Handover; THREADS * BLOCKS] = [const { Handover::new() }; THREADS * BLOCKS];

/// `steps` replacements in all, in the order of the addresses, round and round.
pub(crate) fn run(steps: u64) -> Sample {
    for place in &PLACES {
        leave(place, Block::with_ends(SIZE));
    }
    crew::run(steps, THREADS, thread_body, || PLACES.iter().filter_map(Handover::take).for_each(Block::free))
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let places = || PLACES.iter().skip(argument.addr()).step_by(THREADS);
    let mut slots = [const { None }; BLOCKS];
    for (slot, place) in slots.iter_mut().zip(places()) {
        *slot = place.take();
    }

    let steps = crew::begin();
    for step in 0..steps as usize {
        let slot = &mut slots[step % BLOCKS];
        if let Some(block) = slot.take() {
            block.free();
        }
        *slot = Some(Block::with_ends(SIZE));
    }
    for (block, place) in slots.into_iter().flatten().zip(places()) {
        leave(place, block);
    }
    null_mut()
}

/// Into a place that is empty.
fn leave(place: &Handover, block: Block) {
    let other = place.swap(block);
    assert!(other.is_none(), "a place holds one block");
}
