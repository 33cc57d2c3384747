//! Blocks that grow.

use firmware_device::{ARENA_BYTES, say};

use super::heap::{self, Block, WORD};

const FIRST_BYTES: usize = 64;
const STEP_BYTES: usize = 256;

/// A buffer that has the arena for itself, 256 bytes more at a time until there are no more.
fn lone() {
    heap::renew(ARENA_BYTES);
    let Some(mut block) = heap::take(FIRST_BYTES, WORD).0 else { return };
    let (mut steps, mut total, mut most) = (0u32, 0, 0);
    let last = loop {
        let end = block.bytes;
        heap::contents(&mut block)[end - 1] = steps as u8;
        let (grown, cost) = heap::resize(block, end + STEP_BYTES);
        let Some(grown) = grown else { break cost };
        block = grown;
        steps += 1;
        total += cost;
        most = most.max(cost);
    };
    let stamps = heap::contents(&mut block).iter().skip(FIRST_BYTES - 1).step_by(STEP_BYTES);
    assert!(stamps.zip(0u32..).all(|(&stamp, step)| stamp == step as u8), "realloc lost what was in the block");
    let tenths = total * 10 / steps.max(1);
    say!("lone.bytes {}", block.bytes);
    say!("lone.total {total}");
    say!("lone.mean {}.{}", tenths / 10, tenths % 10);
    say!("lone.max {most}");
    say!("lone.refused {last}");
}

const VECS: usize = 4;
const DOUBLINGS: usize = 7;
const ROUNDS: usize = 20;
const VEC_BYTES: usize = 16;

/// Four of them grow in turns, as vectors do.
fn vectors() {
    heap::renew(ARENA_BYTES);
    let mut total = 0;
    for _ in 0..ROUNDS {
        let mut vectors: [Option<Block>; VECS] = core::array::from_fn(|_| heap::take(VEC_BYTES, WORD).0);
        for _ in 0..DOUBLINGS {
            for vector in vectors.iter_mut().flatten() {
                let (grown, cost) = heap::resize(*vector, vector.bytes * 2);
                total += cost;
                *vector = grown.expect("room for four vectors");
            }
        }
        for vector in vectors.into_iter().flatten() {
            heap::give(vector);
        }
    }
    say!("vectors.total {total}");
}

pub(crate) fn run() {
    lone();
    vectors();
}
