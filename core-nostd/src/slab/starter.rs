//! A starter: one slab that gives each class its first few blocks, side by side, so that a class with few
//! blocks costs no pages of its own.
//!
//! ```text
//! slab      | block | free block | block | block | … | free block | free block |
//! words     0–31: which blocks are free      32–63: where blocks start, free ones and others
//! ```
//! `starter`: the slab is blocks from end to end; a bit of the second half of its words is set iff a block starts at
//! that granule, so that a block's class is how far it is to the next; the first half is used at blocks' starts only.
//! Free neighbours are cut anew as a class needs it; when all blocks are free, the slab is given up. All of this
//! stands apart from the blocks: who writes to them, or to those that are free, changes nothing here.

use super::{Refill, SizeClass, Slab};
use crate::base::bits::low;
use crate::base::sync::{AtomicU64, Ordering};
use crate::config::geometry::{FINE_MAX, GRANULE_SHIFT, SLAB_BYTES, WORDS_BYTES};

/// Granules of a slab.
const GRANULES: usize = SLAB_BYTES >> GRANULE_SHIFT;
/// Words that say where blocks start, and the first of them.
const START_WORDS: usize = GRANULES / 64;

const _: () = assert!(2 * START_WORDS <= WORDS_BYTES / 8, "both halves fit the slab's words");

/// The word that says of 64 granules where blocks start.
fn starts(slab: &Slab, word: usize) -> &AtomicU64 {
    &slab.words()[START_WORDS + word % START_WORDS]
}

fn starts_at(slab: &Slab, granule: usize) -> bool {
    granule < GRANULES && starts(slab, granule / 64).load(Ordering::Relaxed) >> (granule % 64) & 1 == 1
}

fn set_start(slab: &Slab, granule: usize, is_one: bool) {
    let (word, bit) = (starts(slab, granule / 64), 1 << (granule % 64));
    let others = word.load(Ordering::Relaxed) & !bit;
    word.store(if is_one { others | bit } else { others }, Ordering::Relaxed);
}

/// The next granule behind this one at which a block starts, or the slab's end.
fn next_start(slab: &Slab, granule: usize) -> usize {
    let mut at = granule + 1;
    while at < GRANULES {
        let rest = starts(slab, at / 64).load(Ordering::Relaxed) & !low(at % 64);
        if rest != 0 {
            return at / 64 * 64 + rest.trailing_zeros() as usize;
        }
        at = (at / 64 + 1) * 64;
    }
    GRANULES
}

/// The class of the block that starts at a granule; none if none does.
pub fn class_at(slab: &Slab, granule: usize) -> SizeClass {
    if !starts_at(slab, granule) {
        return SizeClass::NONE;
    }
    SizeClass::of(((next_start(slab, granule) - granule) << GRANULE_SHIFT).min(FINE_MAX))
}

/// The block that covers a granule: where it starts and its class.
pub fn block_over(slab: &Slab, granule: usize) -> Option<(usize, SizeClass)> {
    let start = (0..=granule).rev().find(|&at| starts_at(slab, at))?;
    let class = class_at(slab, start);
    (granule - start < granules_of(class)).then_some((start, class))
}

/// Every block: its granule and its class.
pub fn for_each_block(slab: &Slab, mut each: impl FnMut(usize, SizeClass)) {
    for granule in (0..GRANULES).filter(|&granule| starts_at(slab, granule)) {
        each(granule, class_at(slab, granule));
    }
}

/// Owner: makes a new span a starter that has given nothing.
pub fn begin(slab: &Slab) {
    slab.capacity.set(0);
    cut(slab, 0, GRANULES);
}

/// Owner: leaves its words as other spans want them, when all of its blocks are back.
pub(super) fn end(slab: &Slab) {
    (0..START_WORDS).for_each(|word| starts(slab, word).store(0, Ordering::Relaxed));
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
        let class = if class.shape().bytes as usize > bytes { SizeClass(class.0 - 1) } else { class };
        carve(slab, from);
        slab.put(from / 64, 1 << (from % 64));
        from += granules_of(class);
    }
}

/// Owner: makes some granules a block that is not free.
fn carve(slab: &Slab, start: usize) {
    set_start(slab, start, true);
    slab.carved.set(slab.carved.get() + 1);
    slab.capacity.set(slab.capacity.get() + 1);
    slab.used.set(slab.used.get() + 1);
}

/// Owner: undoes it for a free block; returns where it ends.
fn merge(slab: &Slab, start: usize) -> usize {
    let end = next_start(slab, start);
    slab.take_bit(start / 64, 1 << (start % 64));
    set_start(slab, start, false);
    slab.carved.set(slab.carved.get() - 1);
    slab.capacity.set(slab.capacity.get() - 1);
    slab.used.set(slab.used.get() - 1);
    end
}

/// The first free block at granule `from` or behind it.
fn free_from(slab: &Slab, from: usize) -> Option<usize> {
    let at = from / 64;
    let here = if at < GRANULES / 64 { slab.word_of(at).load(Ordering::Relaxed) & !low(from % 64) } else { 0 };
    if here != 0 {
        return Some(at * 64 + here.trailing_zeros() as usize);
    }
    let words = slab.summary.load(Ordering::Relaxed) & !low(at + 1);
    let at = words.trailing_zeros() as usize;
    (words != 0).then(|| at * 64 + slab.word_of(at).load(Ordering::Relaxed).trailing_zeros() as usize)
}

/// Owner: up to `most` blocks of the class, from where enough free ones stand side by side. They are aligned as
/// blocks of the class are in a slab of its own.
pub fn take_many(slab: &Slab, class: SizeClass, most: usize, into: &mut Refill<'_>) {
    let (granules, base) = (granules_of(class), slab.base.load(Ordering::Relaxed));
    let (mut left, mut from) = (most, 0);
    while left > 0
        && let Some(start) = free_from(slab, from)
    {
        let mut place = start.next_multiple_of(1 << granules.trailing_zeros());
        let wanted = place + left * granules;
        from = start;
        while from < wanted && free_from(slab, from) == Some(from) {
            from = next_start(slab, from);
        }
        if from < place + granules {
            continue;
        }
        let mut merged = start;
        while merged < from {
            merged = merge(slab, merged);
        }
        cut(slab, start, place);
        while left > 0 && from >= place + granules {
            carve(slab, place);
            into.put(base.wrapping_add(place << GRANULE_SHIFT));
            (place, left) = (place + granules, left - 1);
        }
        cut(slab, place, from);
    }
}
