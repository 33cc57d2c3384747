//! Where threads wait for the clock to start.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::yield_now;

/// Closed at first; once opened it stays so.
pub(crate) struct Gate {
    waiting: AtomicUsize,
    opened: AtomicBool,
}

impl Gate {
    /// A closed one with nobody before it.
    pub(crate) const fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), opened: AtomicBool::new(false) }
    }

    /// Waits until it opens.
    pub(crate) fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        wait_until(|| self.opened.load(Ordering::Acquire));
    }

    /// Waits until that many wait.
    pub(crate) fn wait_for(&self, threads: usize) {
        wait_until(|| self.waiting.load(Ordering::Acquire) == threads);
    }

    /// Lets all pass.
    pub(crate) fn open(&self) {
        self.opened.store(true, Ordering::Release);
    }
}

/// Spins for a moment, then yields: the threads may share one core.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let mut spins = 0;
    while !condition() {
        if spins < 100 {
            spins += 1;
            spin_loop();
        } else {
            yield_now();
        }
    }
}
