//! Symmetric exchange: threads leave their new blocks in shared places and free what the others left there.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sample::Sample;
use crate::workload::block::{Block, Handover};
use crate::workload::gate::Gate;
use crate::workload::meter::Meter;
use crate::workload::thread::Thread;
use crate::workload::xorshift::Xorshift;

const PLACES: usize = 4096;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 512;
const MAX_THREADS: usize = 64;

static SHARED: [Handover; PLACES] = [const { Handover::new() }; PLACES];
static STEPS_EACH: AtomicU64 = AtomicU64::new(0);
static GATE: Gate = Gate::new();

/// `steps` blocks in all, allocated and freed by `threads` threads alike.
pub(crate) fn run(steps: u64, threads: usize) -> Sample {
    let steps_each = steps.div_ceil(threads as u64);
    STEPS_EACH.store(steps_each, Ordering::Relaxed);
    let mut started = [const { None }; MAX_THREADS];
    for (index, place) in started[..threads].iter_mut().enumerate() {
        *place = Some(Thread::start(thread_body, index));
    }
    GATE.wait_for(threads);

    let meter = Meter::start();
    GATE.open();
    started.iter_mut().filter_map(Option::take).for_each(Thread::join);
    let reading = meter.stop();

    SHARED.iter().filter_map(Handover::take).for_each(Block::free);
    reading.finish(steps_each * threads as u64)
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let mut random = Xorshift::new(42 + argument.addr() as u32);
    let steps = STEPS_EACH.load(Ordering::Relaxed);
    GATE.pass();
    for _ in 0..steps {
        let block = Block::with_ends(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1));
        if let Some(other) = SHARED[random.draw() % PLACES].swap(block) {
            other.free();
        }
    }
    null_mut()
}
