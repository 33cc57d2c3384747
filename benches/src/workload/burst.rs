//! Bursts: many blocks are allocated, then all are freed, in the order they came or in a random one.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::pages::Pages;
use crate::workload::xorshift::Xorshift;

/// How a burst is freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// The oldest first.
    AsAllocated,
    /// By a permutation drawn beforehand, the same for every burst.
    Random,
}

/// Bursts of `most` blocks, `steps` blocks in all; a short run is one smaller burst.
pub(crate) fn run(steps: u64, most: usize, order: Order, size: impl Fn(&mut Xorshift) -> usize) -> Sample {
    let count = most.min(steps as usize).max(1);
    let bursts = (steps / count as u64).max(1);
    let mut random = Xorshift::new(42);
    let mut slots = Pages::<Option<Block>>::zeroed(count);
    let turns = permutation(count, order, &mut random);

    let meter = Meter::start();
    for _ in 0..bursts {
        for slot in slots.iter_mut() {
            *slot = Some(Block::with_ends(size(&mut random)));
        }
        for &turn in turns.iter() {
            if let Some(block) = slots[turn as usize].take() {
                block.free();
            }
        }
    }
    let reading = meter.stop();
    drop((slots, turns));
    reading.finish(bursts * count as u64)
}

fn permutation(count: usize, order: Order, random: &mut Xorshift) -> Pages<u32> {
    let mut turns = Pages::<u32>::zeroed(count);
    for (turn, number) in turns.iter_mut().zip(0..) {
        *turn = number;
    }
    if order == Order::Random {
        for last in (1..count).rev() {
            turns.swap(last, random.draw() % (last + 1));
        }
    }
    turns
}
