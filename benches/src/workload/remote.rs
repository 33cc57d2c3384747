//! Producers and consumers: in each pair one thread allocates, another frees, batches between them.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::gate::{Gate, wait_until};
use crate::workload::meter::Meter;
use crate::workload::thread::Thread;
use crate::workload::xorshift::Xorshift;

const MAX_PAIRS: usize = 8;
const BATCH: usize = 64;
const RING: usize = 64;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 512;

type Batch = [Option<Block>; BATCH];

/// A ring of batches. `written - read` of them are full; the locks are never contended, as a side
/// touches only batches that the counters give to it.
struct Ring {
    batches: [Mutex<Batch>; RING],
    written: AtomicUsize,
    read: AtomicUsize,
}

static RINGS: [Ring; MAX_PAIRS] = [const {
    Ring {
        batches: [const { Mutex::new([const { None }; BATCH]) }; RING],
        written: AtomicUsize::new(0),
        read: AtomicUsize::new(0),
    }
}; MAX_PAIRS];
static BATCHES_EACH: AtomicUsize = AtomicUsize::new(0);
static GATE: Gate = Gate::new();

/// Passes `steps` blocks, rounded up to whole batches, through `pairs` pairs; the main thread is the
/// first producer.
pub(crate) fn run(steps: u64, pairs: usize) -> Sample {
    let batches = steps.div_ceil((BATCH * pairs) as u64) as usize;
    BATCHES_EACH.store(batches, Ordering::Relaxed);
    let mut started = [const { None }; 2 * MAX_PAIRS];
    for pair in 0..pairs {
        started[2 * pair] = Some(Thread::start(consumer, pair));
        if pair > 0 {
            started[2 * pair + 1] = Some(Thread::start(producer, pair));
        }
    }
    GATE.wait_for(2 * pairs - 1);

    let meter = Meter::start();
    GATE.open();
    RINGS[0].produce(batches, 0);
    started.iter_mut().filter_map(Option::take).for_each(Thread::join);
    meter.stop().finish((batches * BATCH * pairs) as u64)
}

extern "C" fn producer(argument: *mut c_void) -> *mut c_void {
    GATE.pass();
    RINGS[argument.addr()].produce(BATCHES_EACH.load(Ordering::Relaxed), argument.addr());
    null_mut()
}

extern "C" fn consumer(argument: *mut c_void) -> *mut c_void {
    GATE.pass();
    RINGS[argument.addr()].consume(BATCHES_EACH.load(Ordering::Relaxed));
    null_mut()
}

impl Ring {
    fn produce(&self, batches: usize, pair: usize) {
        let mut random = Xorshift::new(42 + pair as u32);
        for number in 0..batches {
            wait_until(|| number - self.read.load(Ordering::Acquire) < RING);
            let mut batch = self.batches[number % RING].lock().expect("nothing panics here");
            for place in batch.iter_mut() {
                let size = MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1);
                *place = Some(Block::with_ends(size));
            }
            drop(batch);
            self.written.store(number + 1, Ordering::Release);
        }
    }

    fn consume(&self, batches: usize) {
        for number in 0..batches {
            wait_until(|| self.written.load(Ordering::Acquire) > number);
            let mut batch = self.batches[number % RING].lock().expect("nothing panics here");
            batch.iter_mut().filter_map(Option::take).for_each(Block::free);
            drop(batch);
            self.read.store(number + 1, Ordering::Release);
        }
    }
}
