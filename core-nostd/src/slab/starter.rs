//! A starter: one slab that gives each class its first few blocks, side by side, so that a class with few
//! blocks costs no pages of its own.
//!
//! ```text
//! shadow: a class for each granule | block | block | gap | block | … | free
//!                                                                    ^ next
//! ```
//! `starter`: the shadow's byte of a granule is the class of the block that was carved there, else 0; the
//! bitmaps have a bit a granule, used at blocks' starts only. Blocks are carved once; what comes back
//! serves its class again, or waits until all are back and the slab is given up.

#![allow(unsafe_code, reason = "keeps the shadow in the slab's own first bytes")]

use super::{Refill, SizeClass, Slab};
use crate::base::bits::equal_bytes;
use crate::base::sync::{AtomicU8, Ordering};
use crate::config::geometry::{GRANULE_SHIFT, SLAB_BYTES};

/// Granules of a slab.
const GRANULES: usize = SLAB_BYTES >> GRANULE_SHIFT;
/// The first granule that is not the shadow's.
pub const FIRST_GRANULE: usize = GRANULES >> GRANULE_SHIFT;

/// Words of its bitmap.
const WORDS: usize = GRANULES / 64;

/// The shadow's byte of a granule.
fn shadow(slab: &Slab, granule: usize) -> &AtomicU8 {
    let place = slab.base.load(Ordering::Relaxed).wrapping_add(granule.min(GRANULES - 1));
    // SAFETY: `starter`: a starter's first bytes, one for each granule, are the shadow's.
    unsafe { AtomicU8::from_ptr(place) }
}

/// The class of the block that was carved at a granule; none if none was.
pub fn class_at(slab: &Slab, granule: usize) -> SizeClass {
    SizeClass(shadow(slab, granule).load(Ordering::Relaxed))
}

/// The block that covers a granule: where it starts and its class.
pub fn block_over(slab: &Slab, granule: usize) -> Option<(usize, SizeClass)> {
    let start = (FIRST_GRANULE..=granule).rev().find(|&at| class_at(slab, at) != SizeClass::NONE)?;
    let class = class_at(slab, start);
    (granule - start < class.shape().bytes as usize >> GRANULE_SHIFT).then_some((start, class))
}

/// Owner: takes the free blocks of a class until `into` is full.
pub fn retake(slab: &Slab, class: SizeClass, into: &mut Refill<'_>) {
    let base = slab.base.load(Ordering::Relaxed);
    // SAFETY: `starter`, and only the owner writes there.
    let shadow: &[[u8; 64]; WORDS] = unsafe { &*base.cast() };
    let mut words = slab.summary.load(Ordering::Relaxed);
    while words != 0 && !into.is_full() {
        let word = words.trailing_zeros() as usize;
        words &= words - 1;
        let free = slab.words()[word % WORDS].load(Ordering::Relaxed);
        let mut bits = free & equal_bytes(&shadow[word % WORDS], class.0);
        while bits != 0 && !into.is_full() {
            let granule = word * 64 + bits.trailing_zeros() as usize;
            slab.take_bit(word, bits & bits.wrapping_neg());
            into.put(base.wrapping_add(granule << GRANULE_SHIFT));
            bits &= bits - 1;
        }
    }
}

/// Every block that was carved: its granule and its class.
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
}

/// Owner: a block of the class at granule `next` or a little later, and the granule behind it; `None` if
/// none fits any more. It is aligned as a block of the class is in a slab of its own.
pub fn carve(slab: &Slab, next: usize, class: SizeClass) -> Option<(*mut u8, usize)> {
    let granules = class.shape().bytes as usize >> GRANULE_SHIFT;
    let start = next.next_multiple_of(1 << granules.trailing_zeros());
    if start + granules > GRANULES {
        return None;
    }
    shadow(slab, start).store(class.0, Ordering::Relaxed);
    slab.carved.set(slab.carved.get() + 1);
    slab.capacity.set(slab.capacity.get() + 1);
    slab.used.set(slab.used.get() + 1);
    Some((slab.base.load(Ordering::Relaxed).wrapping_add(start << GRANULE_SHIFT), start + granules))
}
