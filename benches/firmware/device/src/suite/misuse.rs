//! Blocks that are given back twice.

use firmware_device::{ARENA_BYTES, say};

use super::blocks::{Blocks, PLACES};
use super::heap::{self, Block, WORD};

const BYTES: usize = 64;
const LATER: usize = 64;

fn overlap(one: &Block, other: &Block) -> bool {
    one.address < other.address + other.bytes && other.address < one.address + one.bytes
}

/// Three blocks; the second frees some of them. What is live afterwards must not be handed out again.
fn try_it(misuse: impl FnOnce([Block; 3]), live: &[usize]) {
    const { assert!(LATER < PLACES) };
    heap::renew(ARENA_BYTES);
    heap::name_faults();
    let blocks = [(); 3].map(|()| heap::take(BYTES, WORD).0.expect("three blocks"));
    misuse(blocks);
    let mut out = [blocks[0]; LATER + 3];
    let mut count = 0;
    for &place in live {
        out[count] = blocks[place];
        count += 1;
    }
    for _ in 0..LATER {
        let Some(block) = heap::take(BYTES, WORD).0 else { break };
        if out[..count].iter().any(|other| overlap(&block, other)) {
            say!("handed out twice");
            return;
        }
        out[count] = block;
        count += 1;
    }
    let mut blocks = Blocks::NONE;
    out[..count].iter().for_each(|&block| blocks.push(block));
    blocks.give_all();
    let largest = heap::largest();
    heap::renew(ARENA_BYTES);
    let whole = largest == heap::largest();
    say!("undetected: {}", if whole { "without consequences" } else { "the heap is damaged" });
}

/// The one between two live blocks.
pub(crate) fn free_twice() {
    let twice = |[_, middle, _]: [Block; 3]| {
        heap::give(middle);
        heap::give(middle);
    };
    try_it(twice, &[0, 2]);
}

/// One that has become part of a larger hole.
pub(crate) fn free_merged() {
    let merged = |[first, middle, _]: [Block; 3]| {
        heap::give(middle);
        heap::give(first);
        heap::give(middle);
    };
    try_it(merged, &[2]);
}
