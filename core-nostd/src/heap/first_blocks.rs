//! The first blocks of a class, which has no slab of its own yet, come from the heap's starters.

use core::cell::Cell;
use core::ptr;

use super::Heap;
use super::slabs::{Reach, slab};
use crate::base::sync::Ordering;
use crate::config::flags::Off;
use crate::config::geometry::GRANULE_SHIFT;
use crate::pages::PageProvider;
use crate::slab::descriptor::{CURRENT, FULL};
use crate::slab::{Refill, SizeClass, Slab, starter};
use crate::superslab::Territory;

/// Bytes that a class gets from starters before it gets a slab.
const MOST_BYTES: usize = 2048;
/// Bytes that it gets at a time at first; then a quarter of what it has got so far.
const FIRST_BYTES: usize = 256;
/// The classes that starters serve are below this number: those of blocks up to 4 KiB.
const FIRST_CLASSES: usize = SizeClass::of(4096).0 as usize + 1;

/// The heap's open starter and how many granules of starters each class has got. All zero when new.
#[derive(Debug)]
pub struct FirstBlocks {
    starter: Cell<*const Slab>,
    next: Cell<u16>,
    granules: [Cell<u16>; FIRST_CLASSES],
}

impl Heap {
    /// Puts blocks of a class that has no free one into `into`: from starters, what came back first. False
    /// if the class has had its share, or there is no slab within reach.
    pub(super) fn take_first<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        reach: Reach,
        into: &mut Refill<'_>,
    ) -> bool {
        let Some(granules) = self.first_blocks.granules.get(class.index()).filter(|_| class.has_magazine()) else {
            return false;
        };
        let (bytes, had) = (class.shape().bytes as usize, usize::from(granules.get()) << GRANULE_SHIFT);
        if had >= MOST_BYTES || territory.is_off(Off::STARTERS) {
            return false;
        }
        if had > 0 {
            self.retake_first(class, into);
        }
        if !into.is_empty() {
            return true;
        }
        let share = (had / 4).max(FIRST_BYTES).min(MOST_BYTES - had);
        for _ in 0..into.room().min(share.checked_div(bytes).unwrap_or(0)).max(1) {
            let Some(block) = self.carve_first(territory, class, reach) else { break };
            granules.set(granules.get() + (bytes >> GRANULE_SHIFT) as u16);
            into.put(block);
        }
        !into.is_empty()
    }

    /// A block of the open starter, or of a new one.
    fn carve_first<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        reach: Reach,
    ) -> Option<*mut u8> {
        let first = &self.first_blocks;
        loop {
            let (open, is_new) = match slab(first.starter.get()) {
                Some(open) => (open, false),
                None => (self.open_first(territory, reach)?, true),
            };
            if let Some((block, next)) = starter::carve(open, first.next.get().into(), class) {
                first.next.set(next as u16);
                return Some(block);
            }
            self.end_first(territory);
            if is_new {
                return None;
            }
        }
    }

    fn open_first<P: PageProvider>(&self, territory: &Territory<P>, reach: Reach) -> Option<&Slab> {
        let opened = self.claim(territory, SizeClass::STARTER, 1, reach)?;
        self.count_taken(self.class(SizeClass::STARTER));
        starter::begin(opened);
        opened.place.set(CURRENT);
        self.first_blocks.next.set(starter::FIRST_GRANULE as u16);
        self.first_blocks.starter.set(opened);
        Some(opened)
    }

    /// Takes what came back to the starters.
    fn retake_first(&self, class: SizeClass, into: &mut Refill<'_>) {
        if let Some(open) = self.first_blocks.open() {
            starter::retake(open, class, into);
        }
        let mut at = self.first_of(SizeClass::STARTER);
        while let Some(listed) = slab(at) {
            at = listed.next.get();
            starter::retake(listed, class, into);
            if listed.free_blocks() == 0 {
                self.unlist(listed);
            }
        }
    }

    /// The starter is carved no further; it goes back when all its blocks have come back.
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
