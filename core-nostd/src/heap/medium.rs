//! Medium classes: blocks of 1 KiB to 256 KiB pass straight between the client and the heap's spans.
//!
//! Their spans have at most 64 blocks, so that one word says which are free. A span of which no block is
//! out stays with its class, marked in `idle`, until another class needs pages: then it changes class
//! where its length fits, or goes back to the reserve.

#![allow(unsafe_code, reason = "computes block addresses")]

use core::ptr;

use super::Heap;
use super::slabs::{ClassSlabs, slab};
use crate::base::sync::Ordering;
use crate::pages::PageProvider;
use crate::slab::descriptor::{CURRENT, FULL};
use crate::slab::size_class::MAGAZINE_CLASSES;
use crate::slab::{SizeClass, Slab};
use crate::superslab::Territory;

impl Heap {
    /// Takes a block of a medium class that was freed before; null if no span of the heap has one.
    #[inline(always)]
    pub fn take_medium(&self, class: SizeClass) -> *mut u8 {
        let of = self.class(class);
        let current = match slab(of.current.get()) {
            Some(current) if current.word.load(Ordering::Relaxed) != 0 => current,
            Some(current) if current.carved.get() != current.capacity.get() => return ptr::null_mut(),
            used_up => match self.next_medium(of, used_up) {
                Some(next) => next,
                None => return ptr::null_mut(),
            },
        };
        let word = current.word.load(Ordering::Relaxed);
        current.word.store(word & (word - 1), Ordering::Relaxed);
        current.used.set(current.used.get() + 1);
        let block = word.trailing_zeros() as usize;
        current.base.load(Ordering::Relaxed).wrapping_add(block * class.shape().bytes as usize)
    }

    /// Makes the first listed span of a medium class the current one, if it has a block that was freed.
    #[inline]
    fn next_medium<'a>(&self, of: &ClassSlabs, used_up: Option<&Slab>) -> Option<&'a Slab> {
        let next = slab(of.fullest.get())?;
        if next.word.load(Ordering::Relaxed) == 0 {
            return None;
        }
        of.fullest.set(next.next.get());
        match slab(next.next.get()) {
            Some(second) => second.prev.set(ptr::null()),
            None => of.mask.set(0),
        }
        if let Some(used_up) = used_up {
            used_up.place.set(FULL);
        }
        next.place.set(CURRENT);
        of.current.set(next);
        Some(next)
    }

    /// Takes a block of a medium class back; false, and nothing is changed, unless it is a live block of a
    /// span of this heap.
    #[inline(always)]
    pub fn give_medium(&self, slab: &Slab, offset: usize) -> bool {
        if !slab.class().is_medium() || !self.owns(slab) {
            return false;
        }
        let (block, starts) = slab.block_at(offset);
        let (word, bit) = (slab.word.load(Ordering::Relaxed), 1u64 << (block % 64));
        if !starts
            || (word | slab.remote().word.load(Ordering::Relaxed)) & bit != 0
            || block >= slab.carved.get() as usize
        {
            return false;
        }
        slab.word.store(word | bit, Ordering::Relaxed);
        let used = slab.used.get() - 1;
        slab.used.set(used);
        if slab.place.get() == FULL {
            self.relist(slab);
        }
        if used == 0 {
            if slab.place.get() != CURRENT && !ptr::eq(self.class(slab.class()).fullest.get(), slab) {
                // To the front, where `convert` looks.
                self.unlist(slab);
                self.relist(slab);
            }
            // Kept for the next block of its class, unless another class needs pages first.
            self.idle.set(self.idle.get() | 1 << (slab.class().index() - MAGAZINE_CLASSES));
        }
        true
    }

    /// Makes an idle span of another medium class one of this class: its pages are there already.
    pub(super) fn convert(&self, class: SizeClass, slabs: usize) -> Option<&Slab> {
        if !class.is_medium() {
            return None;
        }
        let mut idle = self.idle.get();
        while idle != 0 {
            let bit = idle.trailing_zeros();
            idle &= idle - 1;
            let of = self.class(SizeClass((MAGAZINE_CLASSES as u32 + bit) as u8));
            if let Some(listed) = slab(of.fullest.get())
                && listed.used.get() == 0
            {
                if listed.slabs.get() as usize == slabs {
                    self.unlist(listed);
                    of.spans.set(of.spans.get() - 1);
                    listed.convert(class);
                    return Some(listed);
                }
            } else if of.fullest.get().is_null() && slab(of.current.get()).is_none_or(|current| current.used.get() != 0)
            {
                self.idle.set(self.idle.get() & !(1 << bit));
            }
        }
        None
    }

    /// Gives back the spans of medium classes of which no block is out.
    #[cold]
    pub(super) fn release_idle_medium<P: PageProvider>(&self, territory: &Territory<P>) {
        let mut idle = self.idle.replace(0);
        while idle != 0 {
            let of = self.class(SizeClass((MAGAZINE_CLASSES as u32 + idle.trailing_zeros()) as u8));
            idle &= idle - 1;
            if let Some(current) = slab(of.current.get())
                && current.used.get() == 0
            {
                of.current.set(ptr::null());
                self.release(territory, current);
            }
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
