//! Bursts of several threads: each fills its part of a shared array, then its own or the next one's is freed.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::crew;
use crate::workload::xorshift::Xorshift;

const THREADS: usize = 4;
const MAX_BLOCKS: usize = 100_000;
const MIN_SIZE: usize = 16;
const MAX_SIZE: usize = 512;

/// Whose part a thread frees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Freed {
    /// The one that it filled.
    Own,
    /// The one that the next thread filled, after all are full.
    Next,
}

/// The array; the locks are never contended, as the barriers keep two threads from one part.
static PARTS: [Mutex<[Option<Block>; MAX_BLOCKS]>; THREADS] =
    [const { Mutex::new([const { None }; MAX_BLOCKS]) }; THREADS];
static BLOCKS_EACH: AtomicUsize = AtomicUsize::new(0);
static ALL_FULL: Barrier = Barrier::new(THREADS);
static ALL_EMPTY: Barrier = Barrier::new(THREADS);

/// Bursts of 100,000 blocks in each of four threads, `steps` blocks in all; a short run is one smaller burst.
pub(crate) fn run(steps: u64, freed: Freed) -> Sample {
    let steps_each = steps.div_ceil(THREADS as u64);
    let count = MAX_BLOCKS.min(steps_each as usize).max(1);
    let bursts = (steps_each / count as u64).max(1);
    BLOCKS_EACH.store(count, Ordering::Relaxed);
    let body = match freed {
        Freed::Own => frees_own,
        Freed::Next => frees_next,
    };
    crew::run(bursts * (count * THREADS) as u64, THREADS, body, || {})
}

extern "C" fn frees_own(argument: *mut c_void) -> *mut c_void {
    bursts(argument.addr(), empty)
}

extern "C" fn frees_next(argument: *mut c_void) -> *mut c_void {
    bursts(argument.addr(), |own, count| {
        ALL_FULL.wait();
        empty((own + 1) % THREADS, count);
        ALL_EMPTY.wait();
    })
}

/// Fills the thread's own part again and again, and has one emptied.
fn bursts(own: usize, empty_one: impl Fn(usize, usize)) -> *mut c_void {
    let mut random = Xorshift::new(42 + own as u32);
    let count = BLOCKS_EACH.load(Ordering::Relaxed);
    for _ in 0..crew::begin() / count as u64 {
        fill(own, count, &mut random);
        empty_one(own, count);
    }
    null_mut()
}

fn fill(part: usize, count: usize, random: &mut Xorshift) {
    let mut part = PARTS[part].lock().expect("nothing panics under the lock");
    for slot in &mut part[..count] {
        *slot = Some(Block::with_ends(MIN_SIZE + random.draw() % (MAX_SIZE - MIN_SIZE + 1)));
    }
}

fn empty(part: usize, count: usize) {
    let mut part = PARTS[part].lock().expect("nothing panics under the lock");
    part[..count].iter_mut().filter_map(Option::take).for_each(Block::free);
}
