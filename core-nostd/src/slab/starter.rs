//! A starter: one slab that gives each class its first few blocks, side by side, so that a class with few
//! blocks costs no pages of its own.
//!
//! ```text
//! shadow: a class for each granule | block | free block | block | block | … | free block | free block
//! ```
//! `starter`: the slab behind the shadow is blocks from end to end, free ones and others; the shadow's byte of a
//! granule is the class of the block that starts there, else 0; the bitmaps have a bit a granule, used at blocks'
//! starts only. Free neighbours are cut anew as a class needs it; when all blocks are free, the slab is given up.

#![allow(unsafe_code, reason = "keeps the shadow in the slab's own first bytes")]

use super::{Refill, SizeClass, Slab};
use crate::base::bits::low;
use crate::base::sync::{AtomicU8, Ordering};
use crate::config::geometry::{FINE_MAX, GRANULE_SHIFT, SLAB_BYTES};

/// Granules of a slab.
const GRANULES: usize = SLAB_BYTES >> GRANULE_SHIFT;
/// The first granule that is not the shadow's.
pub const FIRST_GRANULE: usize = GRANULES >> GRANULE_SHIFT;

/// The shadow's byte of a granule.
fn shadow(slab: &Slab, granule: usize) -> &AtomicU8 {
    let place = slab.base.load(Ordering::Relaxed).wrapping_add(granule.min(GRANULES - 1));
    // SAFETY: `starter`: a starter's first bytes, one for each granule, are the shadow's.
    unsafe { AtomicU8::from_ptr(place) }
}

/// The class of the block that starts at a granule; none if none does.
pub fn class_at(slab: &Slab, granule: usize) -> SizeClass {
    SizeClass(shadow(slab, granule).load(Ordering::Relaxed))
}

/// The block that covers a granule: where it starts and its class.
pub fn block_over(slab: &Slab, granule: usize) -> Option<(usize, SizeClass)> {
    let start = (FIRST_GRANULE..=granule).rev().find(|&at| class_at(slab, at) != SizeClass::NONE)?;
    let class = class_at(slab, start);
    (granule - start < granules_of(class)).then_some((start, class))
}

/// Every block: its granule and its class.
pub fn for_each_block(slab: &Slab, mut each: impl FnMut(usize, SizeClass)) {
    for granule in FIRST_GRANULE..GRANULES {
        let class = class_at(slab, granule);
        if class != SizeClass::NONE {
            each(granule, class);
        }
    }
}

/// Owner: makes a new span a starter that has given nothing.
pub fn begin(slab: &Slab) {
    if !slab.fresh.get() {
        (0..GRANULES).for_each(|granule| shadow(slab, granule).store(0, Ordering::Relaxed));
    }
    slab.capacity.set(0);
    cut(slab, FIRST_GRANULE, GRANULES);
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
        carve(slab, from, class);
        slab.put(from / 64, 1 << (from % 64));
        from += granules_of(class);
    }
}

/// Owner: makes some granules a block that is not free.
fn carve(slab: &Slab, start: usize, class: SizeClass) {
    shadow(slab, start).store(class.0, Ordering::Relaxed);
    slab.carved.store(slab.carved.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    slab.capacity.set(slab.capacity.get() + 1);
    slab.used.set(slab.used.get() + 1);
}

/// Owner: undoes it for a free block; returns where it ends.
fn merge(slab: &Slab, start: usize) -> usize {
    let granules = granules_of(class_at(slab, start));
    slab.take_bit(start / 64, 1 << (start % 64));
    shadow(slab, start).store(0, Ordering::Relaxed);
    slab.carved.store(slab.carved.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    slab.capacity.set(slab.capacity.get() - 1);
    slab.used.set(slab.used.get() - 1);
    start + granules
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
    let (mut left, mut from) = (most, FIRST_GRANULE);
    while left > 0
        && let Some(start) = free_from(slab, from)
    {
        let mut place = start.next_multiple_of(1 << granules.trailing_zeros());
        let wanted = place + left * granules;
        from = start;
        while from < wanted && free_from(slab, from) == Some(from) {
            from += granules_of(class_at(slab, from)).max(1);
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
            carve(slab, place, class);
            into.put(base.wrapping_add(place << GRANULE_SHIFT));
            (place, left) = (place + granules, left - 1);
        }
        cut(slab, place, from);
    }
}
