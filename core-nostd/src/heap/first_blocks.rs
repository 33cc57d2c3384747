//! The first blocks of a class that has no slab of its own yet come from the heap's starter.

use core::cell::Cell;
use core::ptr;

use super::Heap;
use super::slabs::slab;
use crate::base::sync::Ordering;
use crate::pages::PageProvider;
use crate::slab::descriptor::{CURRENT, FULL};
use crate::slab::size_class::CROWDED_CLASSES;
use crate::slab::{Refill, SizeClass, Slab, starter};
use crate::superslab::Territory;

/// Refills of a class from the starter before it gets a slab.
const TIMES: u8 = 3;
/// Bytes that one of them takes, or one block.
const BYTES: usize = 256;

/// A heap's starter and how often each class was served from it. All zero when new.
#[derive(Debug)]
pub struct FirstBlocks {
    starter: Cell<*const Slab>,
    next: Cell<u16>,
    times: [Cell<u8>; CROWDED_CLASSES],
}

impl Heap {
    /// Puts a class's first blocks into `into`; false if it has had them, or the starter is used up.
    pub(super) fn take_first<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        into: &mut Refill<'_>,
    ) -> bool {
        let first = &self.first_blocks;
        let Some(times) = first.times.get(class.index()).filter(|times| class.has_magazine() && times.get() < TIMES)
        else {
            return false;
        };
        times.set(times.get() + 1);
        if first.next.get() == 0 {
            // One starter a heap: it is for few blocks.
            first.next.set(starter::FIRST_GRANULE as u16);
            let Some(opened) = self.claim(territory, SizeClass::STARTER, 1) else { return false };
            self.count_taken(self.class(SizeClass::STARTER));
            starter::begin(opened);
            opened.place.set(CURRENT);
            first.starter.set(opened);
        }
        let Some(open) = slab(first.starter.get()) else { return false };
        let bytes = class.shape().bytes as usize;
        for _ in 0..into.room().min(BYTES.checked_div(bytes).unwrap_or(0).max(1)) {
            let Some((block, next)) = starter::carve(open, first.next.get().into(), class) else {
                self.end_first(territory);
                break;
            };
            first.next.set(next as u16);
            into.put(block);
        }
        !into.is_empty()
    }

    /// The starter gives no more; it goes back when all its blocks have come back.
    pub(super) fn end_first<P: PageProvider>(&self, territory: &Territory<P>) {
        let Some(open) = slab(self.first_blocks.starter.replace(ptr::null())) else { return };
        open.place.set(FULL);
        if open.used.get() == 0 {
            self.release(territory, open);
        } else {
            self.relist(open);
        }
    }

    /// Gives the starter back if no block of it is out.
    pub(super) fn release_idle_first<P: PageProvider>(&self, territory: &Territory<P>) {
        if slab(self.first_blocks.starter.get()).is_some_and(|open| open.used.get() == 0) {
            self.end_first(territory);
        }
    }
}

impl FirstBlocks {
    /// The starter, while it gives.
    pub fn open(&self) -> Option<&Slab> {
        slab(self.starter.get()).filter(|open| !open.owner.load(Ordering::Relaxed).is_null())
    }
}
