//! How many blocks a thread keeps at hand.

use crate::base::millis::Millis;
use crate::config::geometry::{FINE_MAX, SLAB_BYTES};

/// Slots of a magazine at most.
pub(crate) const MOST_SLOTS: usize = 254;
/// Blocks that a cold thread takes of a class for the first time.
pub(crate) const FIRST_BATCH: usize = 2;
/// Blocks that it takes each time after.
pub(crate) const COLD_BATCH: usize = 3;

/// Spans of a room class that a heap may have before blocks that can be packed are.
pub(crate) const MANY_ROOMS: u32 = 64;
/// Spans that may be of blocks of 16 bytes, half of which are enough for many of them, before those get less.
const MANY_SMALLEST: u32 = 64;
/// Part of all spans that they are then at least.
const SMALLEST_SHARE: u64 = 8;

/// True if so many spans of the smallest blocks, of all, are worth a map for blocks of half their size.
pub(crate) fn are_many(smallest: u32, all: u64) -> bool {
    smallest >= MANY_SMALLEST && u64::from(smallest) * SMALLEST_SHARE >= all
}

/// Bytes of free rooms that a magazine keeps at most.
const ROOMS_BYTES: usize = 32 * SLAB_BYTES;

/// Threads that have heaps of their own, for each processor: more of them would not run, and each heap costs what its
/// slabs have free.
const OWNERS: u32 = 8;
/// Threads for each processor whose magazines may be as large as those of one that is alone.
const CROWD: u32 = 4;

/// True if one more than `owners` threads may have a heap of its own.
pub(crate) const fn may_own(owners: u32, processors: u32) -> bool {
    owners < processors.saturating_mul(OWNERS)
}

/// True if so many threads may be too many for their processors: then it matters how many these are.
pub(crate) const fn is_crowd(threads: u32) -> bool {
    threads > CROWD
}

/// True if so many threads for each processor are too many for all to have large magazines.
pub(crate) const fn is_crowded(crowd: u32) -> bool {
    crowd > CROWD
}

/// True when a thread gets a heap of its own: it came back for more of its classes again and again.
pub(crate) const fn is_warm(refills: u32, classes: u32) -> bool {
    refills > 3 * classes
}

/// Slots of a magazine when its class is first used: about half a slab's worth, 14 at most; 6 of a cold thread.
///
/// A magazine takes a power of two of bytes, of which two slots are its ends: hence 2, 6, 14, 30 …
pub(crate) const fn first_slots(block_bytes: usize, cold: bool) -> usize {
    let most = if cold { 6 } else { 14 };
    let mut slots = 1;
    while slots < most && more_slots(slots) * block_bytes <= SLAB_BYTES / 2 {
        slots = more_slots(slots);
    }
    slots
}

const fn more_slots(slots: usize) -> usize {
    if slots < 2 { 2 } else { 2 * slots + 2 }
}

/// Slots after an overflow: the magazine doubles until it holds as much as four slabs do, of rooms 32. Where a
/// processor has a `crowd` of threads, all their magazines hold no more than those of the first few.
pub(crate) const fn grown_slots(slots: usize, block_bytes: usize, crowd: u32) -> usize {
    let more = more_slots(slots);
    let alone = if block_bytes > FINE_MAX { ROOMS_BYTES } else { 4 * SLAB_BYTES };
    let most = if is_crowded(crowd) { alone / crowd as usize * CROWD as usize } else { alone };
    if more > MOST_SLOTS || more * block_bytes > most { slots } else { more }
}

/// Blocks to take when a magazine of `slots` is empty.
pub(crate) const fn refill_batch(slots: usize) -> usize {
    slots.div_ceil(2)
}

/// Blocks to hand back, the oldest first, when a magazine of `slots` is full.
pub(crate) const fn flush_batch(slots: usize) -> usize {
    slots.div_ceil(2)
}

/// A heap that never took more spans is too small to care what holds them: 4 MiB of most classes.
const FEW_SPANS: u64 = 128;

/// True of a heap that ever took so many spans.
pub(crate) const fn is_small(spans_ever: u64) -> bool {
    spans_ever <= FEW_SPANS
}

/// True when magazines of so many slots may hold half of the blocks that are `out` of their slabs.
pub(crate) const fn may_hold_half(slots: usize, out: usize) -> bool {
    2 * slots >= out
}

/// Bytes that the magazines of one thread of many may keep when it has given back what it had.
const MUCH_IN_A_CROWD: usize = 64 << 10;
/// Time between two falls of such a thread: one that goes on pays for each.
const FALLS_APART: Millis = Millis::new(1000);

/// True if magazines with so many bytes hold more than one thread of many may keep.
pub(crate) const fn is_much_in_a_crowd(bytes: usize) -> bool {
    bytes > MUCH_IN_A_CROWD
}

/// True if one of many threads that fell so long ago may fall again.
pub(crate) const fn may_fall_again(time: Millis) -> bool {
    time.get() >= FALLS_APART.get()
}

/// Blocks below which to look whether a thread has fallen that had so many out.
pub(crate) const fn look_below_peak(out: usize) -> usize {
    out / 2
}

/// The same after a look.
pub(crate) const fn look_below_last(out: usize) -> usize {
    out - out / 8
}
