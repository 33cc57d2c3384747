//! An area: a span whose blocks are runs of frames of any length, which are cut from what is free and joined with it.
//!
//! ```text
//! free      bit f set iff frame f is in no block
//! starts    bit f set iff a client's block starts at frame f
//! waits     bit f set iff something else does: a block in quarantine, or free frames that are being given back
//! dirty     bit f set iff frame f may hold other bytes than zero
//! former    bit f set iff a block ever started at frame f
//! filled    bit f set only if frame f is free and was filled when it became so
//! ```
//!
//! [`super::frames`] cuts blocks out of it. `area`: a block ends where the next one starts, at a free frame, or where the area ends. So the first three masks say all;
//! they and the rest of what is known stand in the near words of the area's slabs, of which it has four at least. Who
//! holds the lock of its share of the extents changes them.

use super::Slab;
use crate::base::bits::{count, low};
use crate::base::frame_mask::{FrameMask, MASK_WORDS};
use crate::base::millis::Millis;
use crate::base::sync::{AtomicU64, Ordering};
use crate::config::geometry::{AREA_WORDS, FRAME_SHIFT};

/// The masks, by where their words are.
#[derive(Clone, Copy)]
pub(super) enum Mask {
    Free,
    Starts,
    Waits,
    Dirty,
    Former,
    Filled,
}

pub(super) const LONGEST: usize = 6 * MASK_WORDS;
const LIST: usize = LONGEST + 1;
const SHARE: usize = LONGEST + 2;
const ROUND: usize = LONGEST + 3;
const TOUCHED: usize = LONGEST + 4;
const _: () = assert!(TOUCHED < AREA_WORDS, "an area has words for all");

/// An area, to who holds its lock. Others may look too: what they see may be gone.
#[derive(Clone, Copy)]
pub(crate) struct Area<'a> {
    pub(crate) slab: &'a Slab,
    words: &'a [AtomicU64; AREA_WORDS],
}

impl<'a> Area<'a> {
    /// The area whose first record that is.
    #[inline(always)]
    pub(crate) fn of(slab: &'a Slab) -> Self {
        Self { slab, words: slab.area_words() }
    }

    #[inline(always)]
    fn word_at(self, word: usize) -> &'a AtomicU64 {
        // There are as many as a power of two.
        &self.words[word % AREA_WORDS]
    }

    #[inline(never)]
    pub(super) fn mask(self, mask: Mask) -> FrameMask {
        let first = mask as usize * MASK_WORDS;
        FrameMask(core::array::from_fn(|word| self.word_at(first + word).load(Ordering::Relaxed)))
    }

    #[inline(never)]
    pub(super) fn set_mask(self, mask: Mask, to: FrameMask) {
        let first = mask as usize * MASK_WORDS;
        (0..MASK_WORDS).for_each(|word| self.word_at(first + word).store(to.0[word], Ordering::Relaxed));
    }

    pub(super) fn word(self, mask: Mask, word: usize) -> &'a AtomicU64 {
        self.word_at(mask as usize * MASK_WORDS + word)
    }

    pub(super) fn has(self, mask: Mask, frame: usize) -> bool {
        self.word(mask, frame / 64).load(Ordering::Relaxed) >> (frame % 64) & 1 == 1
    }

    /// Sets or clears the bits of a run of frames. Returns how many that changed.
    #[inline(never)]
    pub(super) fn set(self, mask: Mask, first: usize, frames: usize, on: bool) -> usize {
        let end = first + frames;
        let (mut from, mut changed) = (first, 0);
        while from < end {
            let place = self.word(mask, from / 64);
            let bits = low((end - from / 64 * 64).min(64)) & !low(from % 64);
            let before = place.load(Ordering::Relaxed);
            changed += count(bits & if on { !before } else { before }) as usize;
            place.store(if on { before | bits } else { before & !bits }, Ordering::Relaxed);
            from = (from / 64 + 1) * 64;
        }
        changed
    }

    pub(super) fn put_one(self, mask: Mask, frame: usize) {
        let word = self.word(mask, frame / 64);
        word.store(word.load(Ordering::Relaxed) | 1 << (frame % 64), Ordering::Relaxed);
    }

    pub(super) fn remove_one(self, mask: Mask, frame: usize) {
        let word = self.word(mask, frame / 64);
        word.store(word.load(Ordering::Relaxed) & !(1 << (frame % 64)), Ordering::Relaxed);
    }

    /// The first frame from `at` on that `bits` has, which says the bits of a word; the area's end if there is none.
    pub(super) fn next(self, at: usize, bits: impl Fn(usize) -> u64) -> usize {
        let end = self.frames();
        let mut left = !low(at % 64);
        for word in at / 64..end.div_ceil(64) {
            let found = bits(word) & core::mem::replace(&mut left, !0);
            if found != 0 {
                return (word * 64 + found.trailing_zeros() as usize).min(end);
            }
        }
        end
    }

    /// The last frame before `at` that `bits` has.
    pub(super) fn last_before(self, at: usize, bits: impl Fn(usize) -> u64) -> Option<usize> {
        let mut end = at;
        while let Some(last) = end.checked_sub(1) {
            let word = last / 64;
            let found = bits(word) & low(end - word * 64);
            if found != 0 {
                return Some(word * 64 + 63 - found.leading_zeros() as usize);
            }
            end = word * 64;
        }
        None
    }

    pub(super) fn free_word(self, word: usize) -> u64 {
        self.word(Mask::Free, word).load(Ordering::Relaxed)
    }

    fn number(self, word: usize) -> usize {
        self.word_at(word).load(Ordering::Relaxed) as usize
    }

    pub(super) fn set_number(self, word: usize, number: usize) {
        self.word_at(word).store(number as u64, Ordering::Relaxed);
    }

    /// A new area: all is free, and dirty what is said so.
    pub(crate) fn open(self, dirty: FrameMask, share: usize) {
        let all = FrameMask::run(0, self.frames());
        self.set_mask(Mask::Free, all);
        self.set_mask(Mask::Starts, FrameMask::NONE);
        self.set_mask(Mask::Waits, FrameMask::NONE);
        self.set_mask(Mask::Dirty, dirty & all);
        self.set_mask(Mask::Former, FrameMask::NONE);
        self.set_mask(Mask::Filled, FrameMask::NONE);
        self.set_number(SHARE, share);
        self.set_number(LONGEST, self.frames());
        self.set_number(LIST, 0);
        self.set_number(ROUND, 0);
        self.slab.used.set(0);
    }

    /// Frames that it has.
    pub(crate) fn frames(self) -> usize {
        self.slab.span_bytes() >> FRAME_SHIFT
    }

    /// Free ones.
    pub(crate) fn free(self) -> FrameMask {
        self.mask(Mask::Free)
    }

    /// Frames that may hold other bytes than zero.
    pub(crate) fn dirty(self) -> FrameMask {
        self.mask(Mask::Dirty)
    }

    /// Free frames whose pages are there.
    pub(crate) fn kept(self) -> FrameMask {
        self.free() & self.dirty()
    }

    /// Frames of the longest run of free ones.
    pub(crate) fn longest(self) -> usize {
        self.number(LONGEST)
    }

    /// Which of the shares of extents it belongs to.
    pub(crate) fn share(self) -> usize {
        self.number(SHARE)
    }

    /// The list that it is in; 0 for none.
    pub(crate) fn list(self) -> usize {
        self.number(LIST)
    }

    pub(crate) fn set_list(self, list: usize) {
        self.set_number(LIST, list);
    }

    /// The last round of giving back that saw it.
    pub(crate) fn round(self) -> usize {
        self.number(ROUND)
    }

    pub(crate) fn set_round(self, round: usize) {
        self.set_number(ROUND, round);
    }

    /// When a block was last taken or given back.
    pub(crate) fn touched(self) -> Millis {
        Millis::new(self.word_at(TOUCHED).load(Ordering::Relaxed))
    }

    pub(crate) fn touch(self, now: Millis) {
        self.word_at(TOUCHED).store(now.get(), Ordering::Relaxed);
    }

    /// True if no block is out of it, nor anything else.
    pub(crate) fn is_empty(self) -> bool {
        self.slab.used.get() == 0
    }

    /// Those of some frames that were filled when they became free.
    pub(crate) fn filled(self, frames: FrameMask) -> FrameMask {
        self.mask(Mask::Filled) & frames
    }

    /// So they were, or are not any more.
    pub(crate) fn set_filled(self, frames: FrameMask, filled: bool) {
        let others = self.mask(Mask::Filled) & !frames;
        self.set_mask(Mask::Filled, if filled { others | frames } else { others });
    }
}
