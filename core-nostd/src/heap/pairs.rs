//! Blocks of 8 bytes pass straight between the client and the slabs of a warm thread's heap: two of them share
//! a granule, so that the live map cannot tell them apart, and the slab's bitmap must.

use core::ptr;

use super::Heap;
use super::slabs::slab;
use crate::base::sync::Ordering;
use crate::pages::PageProvider;
use crate::slab::descriptor::CURRENT;
use crate::slab::{SizeClass, Slab};
use crate::superslab::Territory;

const BYTES: usize = SizeClass::PAIR.shape().bytes as usize;

const _: () = assert!(SizeClass::PAIR.shape().capacity > 64, "its slabs have many words");

impl Heap {
    /// Takes a block of 8 bytes; null if the current slab has none.
    #[inline(always)]
    pub fn take_pair(&self) -> *mut u8 {
        let current = slab(self.class(SizeClass::PAIR).current.get());
        current.and_then(|current| current.take_one_of_many(BYTES)).map_or(ptr::null_mut(), |(block, _)| block)
    }

    /// Takes a block of 8 bytes back; false, and nothing is changed, unless it is a live block of a slab of this
    /// heap.
    #[inline(always)]
    pub fn give_pair<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab, offset: usize) -> bool {
        let block = offset / BYTES;
        if slab.class() != SizeClass::PAIR
            || !self.owns(slab)
            || !offset.is_multiple_of(BYTES)
            || block >= slab.carved.load(Ordering::Relaxed) as usize
            || !slab.put_one_of_many(block)
        {
            return false;
        }
        if slab.place.get() != CURRENT {
            self.settle_pair(territory, slab);
        }
        true
    }

    #[inline(never)]
    fn settle_pair<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab) {
        self.settle(territory, slab);
    }
}
