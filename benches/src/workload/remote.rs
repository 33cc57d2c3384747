//! Producer and consumer: one thread allocates, another frees, batches between them.

use std::hint::spin_loop;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::xorshift::Xorshift;

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
    consumer_ready: AtomicBool,
}

static RING_BETWEEN: Ring = Ring {
    batches: [const { Mutex::new([const { None }; BATCH]) }; RING],
    written: AtomicUsize::new(0),
    read: AtomicUsize::new(0),
    consumer_ready: AtomicBool::new(false),
};

/// Passes `steps` blocks, rounded up to whole batches, from one thread to the other.
pub(crate) fn run(steps: u64) -> Sample {
    let batches = steps.div_ceil(BATCH as u64) as usize;
    let ring = &RING_BETWEEN;
    thread::scope(|scope| {
        scope.spawn(move || ring.consume(batches));
        wait_until(|| ring.consumer_ready.load(Ordering::Acquire));

        let meter = Meter::start();
        ring.produce(batches);
        wait_until(|| ring.read.load(Ordering::Acquire) == batches);
        meter.stop()
    })
    .finish((batches * BATCH) as u64)
}

impl Ring {
    fn produce(&self, batches: usize) {
        let mut random = Xorshift::new(42);
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
        self.consumer_ready.store(true, Ordering::Release);
        for number in 0..batches {
            wait_until(|| self.written.load(Ordering::Acquire) > number);
            let mut batch = self.batches[number % RING].lock().expect("nothing panics here");
            batch.iter_mut().filter_map(Option::take).for_each(Block::free);
            drop(batch);
            self.read.store(number + 1, Ordering::Release);
        }
    }
}

/// Spins for a moment, then yields: the two threads may share one core.
fn wait_until(condition: impl Fn() -> bool) {
    let mut spins = 0;
    while !condition() {
        if spins < 100 {
            spins += 1;
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
}
