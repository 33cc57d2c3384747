//! How many blocks a thread keeps at hand.

use crate::config::geometry::SLAB_BYTES;

/// Slots of a magazine when its class is first used.
pub const FIRST_SLOTS: usize = 15;
/// Slots of a magazine at most.
pub const MOST_SLOTS: usize = 255;
/// Refills that a thread takes from the common heap before it gets a heap of its own.
pub const COLD_REFILLS: u32 = 12;
/// Blocks that a cold thread takes at a time.
pub const COLD_BATCH: usize = 6;

/// Slots after a miss: the magazine doubles until it holds as much as a slab does.
pub const fn grown_slots(slots: usize, block_bytes: usize) -> usize {
    let doubled = 2 * slots + 1;
    if doubled > MOST_SLOTS || doubled * block_bytes > 2 * SLAB_BYTES { slots } else { doubled }
}

/// Blocks to take when a magazine of `slots` is empty.
pub const fn refill_batch(slots: usize) -> usize {
    slots.div_ceil(2)
}

/// Blocks to hand back, the oldest first, when a magazine of `slots` is full.
pub const fn flush_batch(slots: usize) -> usize {
    slots.div_ceil(2)
}
