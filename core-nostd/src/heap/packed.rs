//! Packed classes: blocks of 8 to 32 KiB, where there are many, pass straight between the client and the
//! heap's spans.
//!
//! ```text
//! take   first listed span ── its lowest free block
//!        none listed ──────── slabs of the reserve that were used before: a span of just these
//!        else, slowly ─────── others' frees, an idle span of another class, the pool
//! give   the block's span ─── listed, if it was full
//!        all blocks back ──── the slabs go to the reserve
//! ```
//!
//! Their spans have at most 64 blocks, so that one word says which are free; a class's spans with a free
//! block are all in its first bucket, none is ever the current one. A span of which no block is out stays
//! with its class, marked in `idle`, if it is the class's only one with a free block or its slabs are not
//! of the reserve's superslab; when another class needs pages, it changes class or goes back.

#![allow(unsafe_code, reason = "computes block addresses")]

use core::ptr;

use super::Heap;
use super::reach::Reach;
use super::slabs::{ClassSlabs, slab};
use crate::base::sync::Ordering;
use crate::pages::PageProvider;
use crate::slab::listing::FULL;
use crate::slab::size_class::PACKED;
use crate::slab::{SizeClass, Slab};
use crate::superslab::Territory;

impl Heap {
    /// Takes a block of a packed class from the first listed span; null if it has none that was used before.
    #[inline(always)]
    pub fn take_listed(&self, class: SizeClass) -> *mut u8 {
        let of = self.class(class);
        let Some(first) = slab(of.fullest.get()) else {
            return ptr::null_mut();
        };
        let word = first.word.load(Ordering::Relaxed);
        if word == 0 {
            return ptr::null_mut();
        }
        let rest = word & (word - 1);
        first.word.store(rest, Ordering::Relaxed);
        first.used.set(first.used.get() + 1);
        if rest == 0 {
            unlist_full(of, first);
        }
        let block = word.trailing_zeros() as usize;
        first.base.load(Ordering::Relaxed).wrapping_add(block * class.shape().bytes as usize)
    }

    /// Takes a block of a packed class from pages that were used before; null if the heap has none.
    pub fn take_packed(&self, class: SizeClass) -> *mut u8 {
        if self.class(class).fullest.get().is_null() { self.take_reopened(class) } else { self.take_listed(class) }
    }

    /// Takes the first block of a new span, if the reserve has slabs that were used before.
    fn take_reopened(&self, class: SizeClass) -> *mut u8 {
        let of = self.class(class);
        let Some(opened) = self.reserve.reopen(class, class.shape().slabs.into(), &self.mailbox) else {
            return ptr::null_mut();
        };
        self.count_taken(of);
        let rest = opened.word.load(Ordering::Relaxed) & !1;
        opened.word.store(rest, Ordering::Relaxed);
        opened.used.set(1);
        if rest != 0 {
            list_only(of, opened);
        }
        opened.base.load(Ordering::Relaxed)
    }

    /// Takes a block by every means within reach; true beside it if it reads as zero.
    #[cold]
    pub(super) fn take_packed_slow<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        reach: Reach,
    ) -> Option<(*mut u8, bool)> {
        self.harvest(territory);
        let of = self.class(class);
        if of.fullest.get().is_null() {
            if reach == Reach::Spans {
                return None;
            }
            let slabs = usize::from(class.shape().slabs);
            let opened = match self.convert(class, slabs) {
                Some(converted) => converted,
                None => self.claim(territory, class, slabs, reach)?,
            };
            self.count_taken(of);
            list_only(of, opened);
        }
        let first = slab(of.fullest.get())?;
        let taken = first.take_one();
        if first.word.load(Ordering::Relaxed) == 0 {
            unlist_full(of, first);
        }
        taken
    }

    /// Takes a block of a packed class back; false, and nothing is changed, unless it is a live block of a
    /// span of this heap.
    #[inline(always)]
    pub fn give_packed(&self, slab: &Slab, offset: usize) -> bool {
        if !slab.class().is_packed() || !self.owns(slab) {
            return false;
        }
        let (block, starts) = slab.block_at(offset);
        let (word, bit) = (slab.word.load(Ordering::Relaxed), 1u64 << (block % 64));
        if !starts
            || (word | slab.remote().word.load(Ordering::Relaxed)) & bit != 0
            || block >= slab.carved.load(Ordering::Relaxed) as usize
        {
            return false;
        }
        slab.word.store(word | bit, Ordering::Relaxed);
        let used = slab.used.get() - 1;
        slab.used.set(used);
        if used == 0 {
            self.emptied(slab);
        } else if slab.listing() == FULL {
            self.relist(slab);
        }
        true
    }

    /// No block of a packed span is out any more.
    #[inline(never)]
    fn emptied(&self, slab: &Slab) {
        let of = self.class(slab.class());
        let first = of.fullest.get();
        let is_only = first.is_null() || (ptr::eq(first, slab) && slab.next.get().is_null());
        let keep = !self.reserve.covers(slab) || is_only;
        if slab.listing() != FULL && (!keep || !ptr::eq(first, slab)) {
            self.unlist(slab);
        }
        if keep {
            if slab.listing() == FULL {
                // To the front, where `convert` looks.
                self.relist(slab);
            }
            self.idle.set(self.idle.get() | 1 << (slab.class().index() - PACKED));
        } else {
            self.count_given(of);
            self.reserve.take_back(slab);
        }
    }

    /// Makes an idle span of another medium class one of this class: its pages are there already.
    fn convert(&self, class: SizeClass, slabs: usize) -> Option<&Slab> {
        let mut idle = self.idle.get();
        while idle != 0 {
            let bit = idle.trailing_zeros();
            idle &= idle - 1;
            let of = self.class(SizeClass::packed(bit));
            match slab(of.fullest.get()) {
                Some(first) if first.used.get() == 0 => {
                    if first.slabs.load(Ordering::Relaxed) as usize == slabs {
                        self.unlist(first);
                        self.count_given(of);
                        first.reopen(class, slabs);
                        return Some(first);
                    }
                }
                _ => self.idle.set(self.idle.get() & !(1 << bit)),
            }
        }
        None
    }

    /// Gives back the spans of packed classes of which no block is out.
    #[cold]
    pub(super) fn release_idle_packed<P: PageProvider>(&self, territory: &Territory<P>) {
        let mut idle = self.idle.replace(0);
        while idle != 0 {
            let of = self.class(SizeClass::packed(idle.trailing_zeros()));
            idle &= idle - 1;
            let mut at = of.fullest.get();
            while let Some(listed) = slab(at) {
                at = listed.next.get();
                if listed.used.get() == 0 {
                    self.unlist(listed);
                    self.release(territory, listed);
                }
            }
        }
    }
}

/// Lists a span with a free block, where no other of its class is listed.
fn list_only(of: &ClassSlabs, opened: &Slab) {
    opened.next.set(ptr::null());
    opened.prev.set(ptr::null());
    opened.set_listing(0);
    of.fullest.set(opened);
    of.mask.set(1);
}

/// Takes the first listed span, whose word is empty, off the list, unless it has blocks to carve.
#[inline]
fn unlist_full(of: &ClassSlabs, first: &Slab) {
    if first.carved.load(Ordering::Relaxed) != first.capacity.get() {
        return;
    }
    first.set_listing(FULL);
    let next = first.next.get();
    of.fullest.set(next);
    match slab(next) {
        Some(next) => next.prev.set(ptr::null()),
        None => of.mask.set(0),
    }
}
