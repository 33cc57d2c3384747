//! Many threads with a few blocks each: what a thread costs over its stack.

use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::Barrier;

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::{Meter, resident_kb};
use crate::workload::thread::Thread;
use crate::workload::xorshift::Xorshift;

/// How many live at once.
pub(crate) const THREADS: usize = 200;
/// What each holds.
pub(crate) const BLOCKS: usize = 60;

const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 256;
/// More of its stack than an allocator's slow path uses.
const TOUCHED_STACK: usize = 32 * 1024;

/// The points that all threads and the main one reach together.
static STACKS_TOUCHED: Barrier = Barrier::new(THREADS + 1);
static CLOCK_STARTED: Barrier = Barrier::new(THREADS + 1);
static ALL_ALLOCATED: Barrier = Barrier::new(THREADS + 1);
static ALL_MEASURED: Barrier = Barrier::new(THREADS + 1);

/// A step is a block.
pub(crate) fn run() -> Sample {
    let mut started = [const { None }; THREADS];
    for (index, place) in started.iter_mut().enumerate() {
        *place = Some(Thread::start(thread_body, index));
    }
    STACKS_TOUCHED.wait();
    let before_kb = resident_kb();

    let meter = Meter::start();
    CLOCK_STARTED.wait();
    ALL_ALLOCATED.wait();
    let reading = meter.stop();
    let after_kb = resident_kb();

    ALL_MEASURED.wait();
    started.iter_mut().filter_map(Option::take).for_each(Thread::join);
    let per_thread_kb = after_kb.saturating_sub(before_kb) as f64 / THREADS as f64;
    Sample { per_thread_kb: Some(per_thread_kb), ..reading.finish((THREADS * BLOCKS) as u64) }
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let mut random = Xorshift::new(42 + argument.addr() as u32);
    let mut blocks = [const { None }; BLOCKS];
    touch_stack();
    STACKS_TOUCHED.wait();
    CLOCK_STARTED.wait();
    for place in &mut blocks {
        *place = Some(Block::with_ends(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1)));
    }
    ALL_ALLOCATED.wait();
    ALL_MEASURED.wait();
    blocks.into_iter().flatten().for_each(Block::free);
    null_mut()
}

#[inline(never)]
fn touch_stack() {
    black_box(&mut [1u8; TOUCHED_STACK]);
}
