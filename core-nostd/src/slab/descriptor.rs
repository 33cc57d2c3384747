//! A span's record: which of its blocks are free, whose it is, where it is listed.
//!
//! ```text
//! words     bit i set iff block i was carved, is free and is in the owner's hands   (`slab-word`)
//! summary   bit w set iff word w is not 0; with one word, that word instead         (`slab-summary`)
//! carved    blocks below this index were handed out at least once; the rest is untouched
//! used      carved − ones in words: blocks in magazines, with clients, or in the remote words (`slab-used`)
//! ```
//!
//! Only the owner's thread, or who holds the common lock for an ownerless heap, touches `next`, `prev`,
//! `used`, `carved`, `listing` and the words (`owner-only`). Everybody may read `owner`, `tag`, `slabs`,
//! `carved`: who frees a block of another's span checks it by them.

#![allow(unsafe_code, reason = "finds its neighbours in the metadata by address")]

use core::ptr;

use super::{SizeClass, Tag};
use crate::base::address::align_down;
use crate::base::bits::{count, low};
use crate::base::slab_mask::SlabMask;
use crate::base::sync::{AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU64, Cell, Ordering};
use crate::config::geometry::{META_RECORDS, META_REMOTE, SLAB_SHIFT, SUPERSLAB_SLABS, WORDS};

const RECORD_BYTES: usize = 64;

/// The record of a slab; the first slab of a span speaks for the span.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Slab {
    /// Who takes blocks from it; null while it belongs to no heap.
    pub owner: AtomicPtr<Mailbox>,
    /// Next in its bucket.
    pub next: Cell<*const Slab>,
    /// Previous in its bucket.
    pub prev: Cell<*const Slab>,
    /// Where the span starts.
    pub base: AtomicPtr<u8>,
    /// See the file's head.
    pub summary: AtomicU64,
    /// The only word, where the span has at most 64 blocks.
    pub word: AtomicU64,
    /// See the file's head.
    pub used: Cell<u16>,
    /// See the file's head.
    pub carved: AtomicU16,
    /// Blocks of the span.
    pub capacity: Cell<u16>,
    /// Its class, and where the span begins.
    pub tag: Tag,
    /// Where it is listed: see [`super::listing`].
    pub(super) listing: Cell<u8>,
    /// Slabs of the span.
    pub slabs: AtomicU8,
    /// The class of the last span that began here and was given back: for the words of a late fault.
    pub former: AtomicU8,
    /// True if every uncarved block reads as zero.
    pub fresh: Cell<bool>,
    /// True if the slab behind the span is a guard.
    pub guarded: Cell<bool>,
    /// True once somebody else freed a block of it: until then nobody looks at what others write.
    pub shared: AtomicBool,
    /// Where no fewer blocks than these are in use, it stays where it is listed.
    pub(super) stays: Cell<u16>,
}

/// What other threads write about a slab, on a line of its own.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Remote {
    /// On its owner's mailbox.
    pub queued: AtomicBool,
    /// Next on the mailbox.
    pub next: AtomicPtr<Slab>,
    /// Bit w may be set only if remote word w was not 0; stale ones are harmless.
    pub summary: AtomicU64,
    /// The only remote word, where the span has at most 64 blocks.
    pub word: AtomicU64,
}

const _: () = assert!(size_of::<Slab>() == RECORD_BYTES, "64 records are one page");
const _: () = assert!(size_of::<Remote>() == RECORD_BYTES, "64 remote records are one page");

/// Slabs in which somebody else freed blocks.
#[derive(Debug)]
#[repr(C)]
pub struct Mailbox {
    pub(super) head: AtomicPtr<Slab>,
}

impl Slab {
    /// The record of its superslab's slab 0.
    #[inline]
    pub fn first_of_superslab(&self) -> *const Self {
        align_down(ptr::from_ref(self), SUPERSLAB_SLABS * RECORD_BYTES).cast()
    }

    #[inline(always)]
    pub(super) fn meta(&self) -> (*mut u8, usize) {
        let start = align_down(ptr::from_ref(self), SUPERSLAB_SLABS * RECORD_BYTES);
        (start.wrapping_sub(META_RECORDS), (ptr::from_ref(self).addr() - start.addr()) / RECORD_BYTES)
    }

    /// Its number in the superslab.
    pub fn index(&self) -> usize {
        self.meta().1
    }

    /// The record of the slab `back` before this one.
    ///
    /// # Safety
    ///
    /// `back` is at most [`Slab::index`].
    #[inline]
    pub unsafe fn before(&self, back: usize) -> &Slab {
        // SAFETY: records of one superslab are one array; zeroed memory is a valid record.
        unsafe { &*ptr::from_ref(self).sub(back) }
    }

    /// The record of the slab `ahead` after this one.
    ///
    /// # Safety
    ///
    /// `ahead` plus [`Slab::index`] is below 64.
    pub unsafe fn after(&self, ahead: usize) -> &Slab {
        // SAFETY: as above.
        unsafe { &*ptr::from_ref(self).add(ahead) }
    }

    /// What others write about it.
    #[inline]
    pub fn remote(&self) -> &Remote {
        let (meta, index) = self.meta();
        // SAFETY: `meta-committed`: the remote records stand behind the records.
        unsafe { &*meta.add(META_REMOTE + index * RECORD_BYTES).cast() }
    }

    /// True while the span has an owner.
    #[inline]
    pub fn is_in_use(&self) -> bool {
        !self.owner.load(Ordering::Relaxed).is_null()
    }

    /// Its class.
    #[inline]
    pub fn class(&self) -> SizeClass {
        self.tag.class()
    }

    /// The slabs of the span.
    pub fn mask(&self) -> SlabMask {
        SlabMask::run(self.index(), self.slabs.load(Ordering::Relaxed).into())
    }

    /// Bytes of the span.
    pub fn span_bytes(&self) -> usize {
        (self.slabs.load(Ordering::Relaxed) as usize) << SLAB_SHIFT
    }

    /// The block that covers `offset` bytes into the span, and whether it starts there.
    #[inline]
    pub fn block_at(&self, offset: usize) -> (usize, bool) {
        let class = self.class();
        let block = class.block_at(offset);
        (block, block * class.shape().bytes as usize == offset)
    }

    /// Free blocks that the owner can hand out.
    #[inline]
    pub fn free_blocks(&self) -> usize {
        (self.capacity.get() - self.used.get()) as usize
    }

    /// Owner: takes one block; true beside it if it reads as zero.
    pub fn take_one(&self) -> Option<(*mut u8, bool)> {
        if !self.has_one_word() {
            return self.take_one_of_many(self.class().shape().bytes as usize);
        }
        let word = self.word.load(Ordering::Relaxed);
        let bytes = self.class().shape().bytes as usize;
        if word == 0 {
            return self.carve_one(bytes);
        }
        self.word.store(word & (word - 1), Ordering::Relaxed);
        self.used.set(self.used.get() + 1);
        Some((self.base.load(Ordering::Relaxed).wrapping_add(word.trailing_zeros() as usize * bytes), false))
    }

    /// Owner: the same of a span with many words, whose blocks are that long.
    #[inline(always)]
    pub fn take_one_of_many(&self, bytes: usize) -> Option<(*mut u8, bool)> {
        let summary = self.summary.load(Ordering::Relaxed);
        if summary == 0 {
            return self.carve_one(bytes);
        }
        let at = summary.trailing_zeros() as usize;
        let place = self.word_of_many(at % 64);
        let word = place.load(Ordering::Relaxed);
        place.store(word & (word - 1), Ordering::Relaxed);
        if word & (word - 1) == 0 {
            self.summary.store(summary & (summary - 1), Ordering::Relaxed);
        }
        self.used.set(self.used.get() + 1);
        let block = at * 64 + word.trailing_zeros() as usize;
        Some((self.base.load(Ordering::Relaxed).wrapping_add(block * bytes), false))
    }

    #[inline(always)]
    fn carve_one(&self, bytes: usize) -> Option<(*mut u8, bool)> {
        let carved = self.carved.load(Ordering::Relaxed);
        if carved == self.capacity.get() {
            return None;
        }
        self.carved.store(carved + 1, Ordering::Relaxed);
        self.used.set(self.used.get() + 1);
        Some((self.base.load(Ordering::Relaxed).wrapping_add(carved as usize * bytes), self.fresh.get()))
    }

    /// Owner: takes the block of one bit, which is free, of a span with many words.
    pub fn take_bit(&self, word: usize, bit: u64) {
        let place = self.word_of(word);
        let left = place.load(Ordering::Relaxed) & !bit;
        place.store(left, Ordering::Relaxed);
        if left == 0 {
            self.summary.store(self.summary.load(Ordering::Relaxed) & !(1 << word), Ordering::Relaxed);
        }
        self.used.set(self.used.get() + 1);
    }

    /// Owner: takes blocks back, `bits` of word `word`. Returns those that were free already: they stay
    /// where they are.
    #[inline(always)]
    pub fn put(&self, word: usize, bits: u64) -> u64 {
        self.put_at(self.word_of(word), word, bits)
    }

    /// Owner: the same, where it is known where the word is.
    #[inline(always)]
    pub fn put_at(&self, place: &AtomicU64, word: usize, bits: u64) -> u64 {
        let before = place.load(Ordering::Relaxed);
        let mut twice = bits & before;
        if self.shared.load(Ordering::Relaxed) {
            twice |= bits & self.remote_word_of(word).load(Ordering::Relaxed);
        }
        let fresh = bits & !twice;
        place.store(before | fresh, Ordering::Relaxed);
        if before == 0 && fresh != 0 && !self.has_one_word() {
            self.summary.store(self.summary.load(Ordering::Relaxed) | 1 << word, Ordering::Relaxed);
        }
        self.used.set(self.used.get() - count(fresh) as u16);
        twice
    }

    /// Owner: takes one block of a span with many words back; false, and nothing is changed, if it was free already.
    #[inline(always)]
    pub fn put_one_of_many(&self, block: usize) -> bool {
        let (at, bit) = (block / 64 % 64, 1 << (block % 64));
        let place = self.word_of_many(at);
        let before = place.load(Ordering::Relaxed);
        let is_shared = self.shared.load(Ordering::Relaxed);
        let others = if is_shared { self.remote_word_of_many(at).load(Ordering::Relaxed) } else { 0 };
        if (before | others) & bit != 0 {
            return false;
        }
        place.store(before | bit, Ordering::Relaxed);
        if before == 0 {
            self.summary.store(self.summary.load(Ordering::Relaxed) | 1 << at, Ordering::Relaxed);
        }
        self.used.set(self.used.get() - 1);
        true
    }

    /// Owner: ends the span, when all of its blocks are back: the words must be zero for the next one.
    /// The slabs are whoever's calls.
    pub fn close(&self) {
        let class = self.class();
        if class != SizeClass::NONE {
            self.former.store(class.number(), Ordering::Relaxed);
        }
        self.word.store(0, Ordering::Relaxed);
        if class == SizeClass::EXTENT {
            // A block may have started anywhere.
            for ahead in 0..self.slabs.load(Ordering::Relaxed) as usize {
                // SAFETY: a span lies within its superslab.
                unsafe { self.after(ahead) }.former.store(class.number(), Ordering::Relaxed);
            }
            self.area_words().iter().for_each(|word| word.store(0, Ordering::Relaxed));
        } else if class == SizeClass::STARTER {
            // Those that say where blocks start, too.
            (0..WORDS).for_each(|word| self.word_of_many(word).store(0, Ordering::Relaxed));
        } else if !self.has_one_word() {
            let mut summary = self.summary.load(Ordering::Relaxed);
            while summary != 0 {
                self.word_of(summary.trailing_zeros() as usize).store(0, Ordering::Relaxed);
                summary &= summary - 1;
            }
        }
        self.summary.store(0, Ordering::Relaxed);
        self.carved.store(0, Ordering::Relaxed);
        self.shared.store(false, Ordering::Relaxed);
        self.owner.store(ptr::null_mut(), Ordering::Relaxed);
        self.forget();
    }

    /// Owner: makes it a span of a medium class whose pages were used before, with every block free.
    pub fn reopen(&self, class: SizeClass, slabs: usize) {
        self.name(class, slabs);
        let capacity = class.capacity_of(slabs);
        self.capacity.set(capacity);
        self.word.store(low(capacity.into()), Ordering::Relaxed);
        self.carved.store(capacity, Ordering::Relaxed);
        self.used.set(0);
        self.fresh.set(false);
    }

    /// Enters the way back to this record, and the class, in the records of the span's slabs.
    pub fn name(&self, class: SizeClass, slabs: usize) {
        for ahead in 0..slabs {
            // SAFETY: a span lies within its superslab.
            unsafe { self.after(ahead) }.tag.set(class, ahead);
        }
    }

    /// Its slabs are in no span any more.
    fn forget(&self) {
        for ahead in 0..self.slabs.load(Ordering::Relaxed) as usize {
            // SAFETY: as above.
            unsafe { self.after(ahead) }.tag.clear();
        }
    }

    /// Owner: takes in what others freed; returns how many blocks came.
    pub fn harvest(&self) -> usize {
        let remote = self.remote();
        if self.has_one_word() {
            let bits = remote.word.swap(0, Ordering::AcqRel);
            return (bits & !self.put(0, bits)).count_ones() as usize;
        }
        let mut came = 0;
        let mut summary = remote.summary.swap(0, Ordering::AcqRel);
        while summary != 0 {
            let at = summary.trailing_zeros() as usize;
            let bits = self.remote_word_of(at).swap(0, Ordering::AcqRel);
            came += (bits & !self.put(at, bits)).count_ones() as usize;
            summary &= summary - 1;
        }
        came
    }

    /// True if block `block` is free already, in the owner's words or in the remote ones.
    pub fn is_free(&self, block: usize) -> bool {
        let bit = 1u64 << (block % 64);
        let (own, remote) = (self.word_of(block / 64), self.remote_word_of(block / 64));
        (own.load(Ordering::Relaxed) | remote.load(Ordering::Relaxed)) & bit != 0
    }
}
