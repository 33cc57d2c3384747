//! Working sets of widely spread sizes: each thread replaces a random block of its own, from 1 byte to 32 KiB.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::crew;
use crate::workload::xorshift::Xorshift;

const MAX_THREADS: usize = 4;
const MAX_SLOTS: usize = 10_000;
/// Powers of two from 1 byte to 16 KiB; the sizes end below the next.
const POWERS: usize = 15;

/// The blocks of each thread, whose lock it holds while it runs.
static SETS: [Mutex<[Option<Block>; MAX_SLOTS]>; MAX_THREADS] =
    [const { Mutex::new([const { None }; MAX_SLOTS]) }; MAX_THREADS];
static SLOTS_EACH: AtomicUsize = AtomicUsize::new(0);

/// `steps` replacements in all by `threads` threads, each in `slots` slots that it fills before the clock starts.
pub(crate) fn run(steps: u64, threads: usize, slots: usize) -> Sample {
    SLOTS_EACH.store(slots, Ordering::Relaxed);
    crew::run(steps, threads, thread_body, || {
        for set in &SETS[..threads] {
            let mut set = set.lock().expect("nothing panics under the lock");
            set.iter_mut().filter_map(Option::take).for_each(Block::free);
        }
    })
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let mut random = Xorshift::new(42 + argument.addr() as u32);
    let mut set = SETS[argument.addr()].lock().expect("nothing panics under the lock");
    let count = SLOTS_EACH.load(Ordering::Relaxed);
    let slots = &mut set[..count];
    for slot in slots.iter_mut() {
        *slot = Some(Block::with_ends(log_uniform(random.draw())));
    }

    let steps = crew::begin();
    for _ in 0..steps {
        let slot = &mut slots[random.draw() % count];
        if let Some(block) = slot.take() {
            block.free();
        }
        *slot = Some(Block::with_ends(log_uniform(random.draw())));
    }
    null_mut()
}

/// Log-uniform by powers of two: each is as often as any other, and what lies between two of them is even.
fn log_uniform(draw: usize) -> usize {
    let power = 1 << (draw % POWERS);
    power + draw / POWERS % power
}
