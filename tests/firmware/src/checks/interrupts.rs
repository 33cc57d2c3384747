//! The timer's interrupt allocates while the program does.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::program;
use crate::{board, ticks};

/// How long it lasts.
const TICKS: u32 = 200;

/// `used` says how much of the program's heap is in use, and finds nothing wrong.
pub fn check(used: impl Fn() -> usize) {
    let before = used();
    let mut ring: VecDeque<Vec<u32>> = VecDeque::new();
    board::start_ticks();
    let (start, mut steps) = (ticks::count(), 0u32);
    while ticks::count() - start < TICKS {
        steps += 1;
        ring.push_back((0..steps % 19).map(|at| steps ^ at).collect());
        if ring.len() == 12 {
            let old = ring.pop_front().unwrap_or_default();
            assert!(old.iter().zip(0..).all(|(&word, at)| word == (steps - 11) ^ at), "contents of {old:?}");
        }
        match steps % 256 {
            0 => program::run(steps),
            128 => {
                used();
            }
            _ => {}
        }
    }
    board::stop_ticks();
    ticks::finish();
    drop(ring);
    assert_eq!(used(), before, "bytes in use after {steps} steps");
}
