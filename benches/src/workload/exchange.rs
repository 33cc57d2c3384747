//! Symmetric exchange: threads leave their new blocks in shared places and free what the others left there.

use std::ffi::c_void;
use std::ptr::null_mut;

use crate::sample::Sample;
use crate::workload::block::{Block, Handover};
use crate::workload::crew;
use crate::workload::xorshift::Xorshift;

const PLACES: usize = 4096;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 512;

static SHARED: [Handover; PLACES] = [const { Handover::new() }; PLACES];

/// `steps` blocks in all, allocated and freed by `threads` threads alike.
pub(crate) fn run(steps: u64, threads: usize) -> Sample {
    crew::run(steps, threads, thread_body, || SHARED.iter().filter_map(Handover::take).for_each(Block::free))
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let mut random = Xorshift::new(42 + argument.addr() as u32);
    let steps = crew::begin();
    for _ in 0..steps {
        let block = Block::with_ends(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1));
        if let Some(other) = SHARED[random.draw() % PLACES].swap(block) {
            other.free();
        }
    }
    null_mut()
}
