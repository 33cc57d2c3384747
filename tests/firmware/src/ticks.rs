//! What the timer's interrupt does: it takes a block and gives an old one back, by the program's allocator.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};

use critical_section::Mutex;

/// Blocks that the interrupt has out.
const KEPT: usize = 6;
/// Largest one, in bytes.
const MOST_BYTES: u32 = 48;

static TICKS: AtomicU32 = AtomicU32::new(0);
static BLOCKS: Mutex<RefCell<[Vec<u8>; KEPT]>> = Mutex::new(RefCell::new([const { Vec::new() }; KEPT]));

/// How often the timer has struck so far.
pub fn count() -> u32 {
    TICKS.load(Ordering::Relaxed)
}

fn check(block: &[u8]) {
    assert!(block.iter().all(|&byte| usize::from(byte) == block.len()), "a block of the interrupt's: {block:?}");
}

/// Once more. From the interrupt alone.
pub fn tick() {
    let tick = count() + 1;
    TICKS.store(tick, Ordering::Relaxed);
    let length = tick.wrapping_mul(37) % MOST_BYTES + 1;
    let block = vec![length as u8; length as usize];
    let old = critical_section::with(|held| {
        core::mem::replace(&mut BLOCKS.borrow_ref_mut(held)[tick as usize % KEPT], block)
    });
    check(&old);
}

/// Gives back what the interrupt has out, once it is stopped.
pub fn finish() {
    critical_section::with(|held| {
        for block in BLOCKS.borrow_ref_mut(held).iter_mut() {
            check(block);
            *block = Vec::new();
        }
    });
}
