//! A crew: threads that begin together when the clock starts, which stops when the last has ended.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sample::Sample;
use crate::workload::gate::Gate;
use crate::workload::meter::Meter;
use crate::workload::thread::{Body, Thread};

const MAX_THREADS: usize = 64;

static STEPS_EACH: AtomicU64 = AtomicU64::new(0);
static GATE: Gate = Gate::new();

/// `steps` in all, rounded up, divided among `threads` threads of one body; what they leave is freed after the clock.
pub(crate) fn run(steps: u64, threads: usize, body: Body, free_the_rest: impl FnOnce()) -> Sample {
    let steps_each = steps.div_ceil(threads as u64);
    STEPS_EACH.store(steps_each, Ordering::Relaxed);
    let mut started = [const { None }; MAX_THREADS];
    for (index, place) in started[..threads].iter_mut().enumerate() {
        *place = Some(Thread::start(body, index));
    }
    GATE.wait_for(threads);

    let meter = Meter::start();
    GATE.open();
    started.iter_mut().filter_map(Option::take).for_each(Thread::join);
    let reading = meter.stop();

    free_the_rest();
    reading.finish(steps_each * threads as u64)
}

/// Called by each thread once it is ready: waits for the clock, and says how many steps are its own.
pub(crate) fn begin() -> u64 {
    GATE.pass();
    STEPS_EACH.load(Ordering::Relaxed)
}
