//! What the first calls of a heap cost.

use firmware_device::{ARENA_BYTES, say};

use super::heap;

pub(crate) fn run() {
    heap::renew(ARENA_BYTES);
    let (block, cost) = heap::take(64, heap::WORD);
    say!("first.alloc {cost}");
    say!("first.free {}", block.map_or(0, heap::give));
}
