//! What happens when memory is out, and when it is idle.

use alloc::vec;
use alloc::vec::Vec;

use super::subject::{Subject, used};
use crate::board::frames::FRAME_BYTES;
use crate::board::paging;

const MIB: usize = 1 << 20;
/// How often much is used, and from which time on no further frame may stay: until then magazines grow.
const ROUNDS: usize = 12;
const SETTLED: usize = 8;

fn frames_out() -> usize {
    paging::with(|paging| paging.frames_out())
}

/// Blocks of some size until one is refused.
fn fill(bytes: usize) -> Vec<Vec<u8>> {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut block = Vec::new();
        if blocks.try_reserve(1).is_err() || block.try_reserve_exact(bytes).is_err() {
            return blocks;
        }
        block.resize(bytes, blocks.len() as u8);
        blocks.push(block);
    }
}

pub(super) fn full(kernel: Subject) {
    let before = used(kernel);
    let left = paging::with(|paging| paging.frames_left()) * FRAME_BYTES;
    for bytes in [3 * MIB, MIB, 100_000, MIB] {
        let blocks = fill(bytes);
        let most = left / bytes;
        assert!(blocks.len() > most * 2 / 3, "{} of {most} blocks of {bytes} bytes", blocks.len());
        for (number, block) in blocks.iter().enumerate() {
            assert!(block.iter().all(|&byte| byte == number as u8), "the contents of block {number}");
        }
        drop(blocks);
        assert_eq!(used(kernel), before);
        kernel.trim();
    }
}

/// Uses many MiB, in blocks of many sizes; says how many frames were out at most.
fn use_much() -> usize {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for round in 0..6_000usize {
        let bytes = match round % 16 {
            0 => round % 60 * 1000,
            1..4 => round % 5000,
            _ => round % 700,
        };
        blocks.push(vec![round as u8; bytes]);
    }
    let frames = frames_out();
    for (round, block) in blocks.iter().enumerate() {
        assert!(block.iter().all(|&byte| byte == round as u8), "the contents of block {round}");
    }
    frames
}

pub(super) fn comes_back(kernel: Subject) {
    kernel.trim();
    let before = frames_out();
    let mut after = [0; ROUNDS];
    for frames in &mut after {
        let most = use_much();
        kernel.trim();
        *frames = frames_out();
        // What the allocator needs to know of free memory.
        let kept = frames.saturating_sub(before);
        assert!(kept * 10 < most - before, "of {} frames {kept} stay", most - before);
    }
    assert!(after[ROUNDS - 1] <= after[SETTLED], "frames that stay grow by the round: {after:?}");
}
