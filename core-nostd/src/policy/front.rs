//! How many blocks a thread keeps at hand.

use crate::config::geometry::{FINE_MAX, SLAB_BYTES};

/// Slots of a magazine at most.
pub const MOST_SLOTS: usize = 254;
/// Refills that a thread takes from the common heap before it gets a heap of its own.
pub const COLD_REFILLS: u32 = 12;
/// Blocks that a cold thread takes at a time.
pub const COLD_BATCH: usize = 6;

/// Spans of a room class that a heap may have before blocks that can be packed are.
pub const MANY_ROOMS: u32 = 64;
/// Bytes of free rooms that a magazine keeps at most.
const ROOMS_BYTES: usize = 8 * SLAB_BYTES;

/// Slots of a magazine when its class is first used: about half a slab's worth, 14 at most.
///
/// A magazine takes a power of two of bytes, of which two slots are its ends: hence 2, 6, 14, 30 …
pub const fn first_slots(block_bytes: usize) -> usize {
    let mut slots = 1;
    while slots < 14 && more_slots(slots) * block_bytes <= SLAB_BYTES / 2 {
        slots = more_slots(slots);
    }
    slots
}

const fn more_slots(slots: usize) -> usize {
    if slots < 2 { 2 } else { 2 * slots + 2 }
}

/// Slots after an overflow: the magazine doubles until it holds as much as two slabs do, rooms eight.
pub const fn grown_slots(slots: usize, block_bytes: usize) -> usize {
    let more = more_slots(slots);
    let most = if block_bytes > FINE_MAX { ROOMS_BYTES } else { 2 * SLAB_BYTES };
    if more > MOST_SLOTS || more * block_bytes > most { slots } else { more }
}

/// Blocks to take when a magazine of `slots` is empty.
pub const fn refill_batch(slots: usize) -> usize {
    slots.div_ceil(2)
}

/// Blocks to hand back, the oldest first, when a magazine of `slots` is full.
pub const fn flush_batch(slots: usize) -> usize {
    slots.div_ceil(2)
}
