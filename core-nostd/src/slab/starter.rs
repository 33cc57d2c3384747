//! A starter: one slab that gives each class its first few blocks, side by side, so that a class with few
//! blocks costs no pages of its own.
//!
//! ```text
//! slab    block | free block | block | block | … | free block | free block
//! words   0 – 31: a bit a granule, set iff a free block starts there | 32 – 63: set iff a block starts there
//! ```
//! `starter`: the slab is blocks from end to end, free ones and others; a block ends where the next one starts, and
//! its length tells its class. Free neighbours are cut anew as a class needs it; when all blocks are free, the slab is
//! given up. `starter-length`: the start behind a block that is out never goes. Nothing of this stands in the slab itself, where a client could write over it.

use super::{Refill, SizeClass, Slab};
use crate::base::bits::low;
use crate::base::sync::{AtomicU64, Ordering};
use crate::config::geometry::{self, FINE_MAX, GRANULE_SHIFT, NEAR_WORDS, SLAB_BYTES};

/// Granules of a slab.
const GRANULES: usize = SLAB_BYTES >> GRANULE_SHIFT;
/// Words that have a bit for each.
const WORDS: usize = GRANULES / 64;

const _: () = assert!(2 * WORDS == geometry::WORDS && NEAR_WORDS <= WORDS, "a slab's words have two bits a granule");

/// Where blocks start.
fn starts(slab: &Slab) -> &[AtomicU64] {
    &slab.far_words()[WORDS - NEAR_WORDS..]
}

/// The first start at granule `from` or behind it; the slab's end if there is none.
fn start_from(slab: &Slab, from: usize) -> usize {
    let first = from / 64;
    for (at, word) in starts(slab).iter().enumerate().skip(first) {
        let beyond = if at == first { !low(from % 64) } else { u64::MAX };
        let bits = word.load(Ordering::Relaxed) & beyond;
        if bits != 0 {
            return at * 64 + bits.trailing_zeros() as usize;
        }
    }
    GRANULES
}

/// The last start at granule `until` or before it.
fn start_until(slab: &Slab, until: usize) -> Option<usize> {
    let last = until / 64;
    for (at, word) in starts(slab).iter().enumerate().take(last + 1).rev() {
        let within = if at == last { low(until % 64 + 1) } else { u64::MAX };
        let bits = word.load(Ordering::Relaxed) & within;
        if bits != 0 {
            return Some(at * 64 + 63 - bits.leading_zeros() as usize);
        }
    }
    None
}

/// Granules of the block that starts there.
fn length(slab: &Slab, start: usize) -> usize {
    start_from(slab, start + 1) - start
}

/// The class of the block that starts at a granule; none if none does.
pub(crate) fn class_at(slab: &Slab, granule: usize) -> SizeClass {
    if start_from(slab, granule) == granule && granule < GRANULES {
        SizeClass::of((length(slab, granule) << GRANULE_SHIFT).min(FINE_MAX))
    } else {
        SizeClass::NONE
    }
}

/// The block that covers a granule: where it starts and its class.
pub(crate) fn block_over(slab: &Slab, granule: usize) -> Option<(usize, SizeClass)> {
    let start = start_until(slab, granule)?;
    Some((start, class_at(slab, start)))
}

/// Every block: its granule and its class.
pub(crate) fn for_each_block(slab: &Slab, mut each: impl FnMut(usize, SizeClass)) {
    let mut start = start_from(slab, 0);
    while start < GRANULES {
        each(start, class_at(slab, start));
        start = start_from(slab, start + 1);
    }
}

/// Owner: makes a new span a starter that has given nothing.
pub(crate) fn begin(slab: &Slab) {
    slab.capacity.set(0);
    cut(slab, 0, GRANULES);
}

/// Granules of a class's blocks.
fn granules_of(class: SizeClass) -> usize {
    class.shape().bytes as usize >> GRANULE_SHIFT
}

/// Owner: makes a stretch of granules free blocks, as large ones as there are.
fn cut(slab: &Slab, mut from: usize, to: usize) {
    while from < to {
        let bytes = ((to - from) << GRANULE_SHIFT).min(FINE_MAX);
        let class = SizeClass::of(bytes);
        let class = if class.shape().bytes as usize > bytes { class.smaller() } else { class };
        carve(slab, from);
        slab.put(from / 64, 1 << (from % 64));
        from += granules_of(class);
    }
}

/// Owner: has a block start at a granule, which is not free.
fn carve(slab: &Slab, start: usize) {
    let word = &starts(slab)[start / 64 % WORDS];
    word.store(word.load(Ordering::Relaxed) | 1 << (start % 64), Ordering::Relaxed);
    slab.carved.store(slab.carved.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    slab.capacity.set(slab.capacity.get() + 1);
    slab.used.set(slab.used.get() + 1);
}

/// Owner: makes the free blocks from granule `from` to `to` none. The first one's start stays: it says how long the block
/// before is, to whoever frees or measures that one meanwhile.
fn merge(slab: &Slab, from: usize, to: usize) {
    let mut start = from;
    while start < to {
        let end = start_from(slab, start + 1);
        slab.take_bit(start / 64, 1 << (start % 64));
        if start != from {
            let word = &starts(slab)[start / 64 % WORDS];
            word.store(word.load(Ordering::Relaxed) & !(1 << (start % 64)), Ordering::Relaxed);
        }
        slab.carved.store(slab.carved.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        slab.capacity.set(slab.capacity.get() - 1);
        slab.used.set(slab.used.get() - 1);
        start = end;
    }
}

/// The first free block at granule `from` or behind it.
fn free_from(slab: &Slab, from: usize) -> Option<usize> {
    let at = from / 64;
    let here = if at < WORDS { slab.word_of(at).load(Ordering::Relaxed) & !low(from % 64) } else { 0 };
    if here != 0 {
        return Some(at * 64 + here.trailing_zeros() as usize);
    }
    let words = slab.summary.load(Ordering::Relaxed) & !low(at + 1);
    let at = words.trailing_zeros() as usize;
    (words != 0).then(|| at * 64 + slab.word_of(at).load(Ordering::Relaxed).trailing_zeros() as usize)
}

/// Owner: up to `most` blocks of the class, from where enough free ones stand side by side. They are aligned as
/// blocks of the class are in a slab of its own.
pub(crate) fn take_many(slab: &Slab, class: SizeClass, most: usize, into: &mut Refill<'_>) {
    let (granules, base) = (granules_of(class), slab.base.load(Ordering::Relaxed));
    let (mut left, mut from) = (most, 0);
    while left > 0
        && let Some(start) = free_from(slab, from)
    {
        let mut place = start.next_multiple_of(1 << granules.trailing_zeros());
        let wanted = place + left * granules;
        from = start;
        while from < wanted && free_from(slab, from) == Some(from) {
            from = start_from(slab, from + 1);
        }
        if from < place + granules {
            continue;
        }
        merge(slab, start, from);
        cut(slab, start, place);
        while left > 0 && from >= place + granules {
            carve(slab, place);
            into.put(base.wrapping_add(place << GRANULE_SHIFT));
            (place, left) = (place + granules, left - 1);
        }
        cut(slab, place, from);
    }
}
