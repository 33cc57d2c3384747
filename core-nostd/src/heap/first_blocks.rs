//! The first blocks of a class, which has no slab of its own yet, come from the heap's starters. What they gave
//! counts even if it came back, so that a program that goes on has slabs, which cost less to look through.

use super::Heap;
use super::slabs::{Reach, slab};
use crate::base::sync::Cell;
use crate::config::flags::Off;
use crate::config::geometry::{FINE_MAX, GRANULE_SHIFT};
use crate::pages::PageProvider;
use crate::slab::{Refill, SizeClass, starter};
use crate::superslab::Territory;

/// Bytes that a class gets from starters before it gets a slab.
const MOST_BYTES: usize = 12 << 10;
/// Bytes that it gets at a time at first; then a quarter of what it has got so far.
const FIRST_BYTES: usize = 256;
/// The classes that starters serve are below this number: those of blocks up to 8 KiB.
const FIRST_CLASSES: usize = SizeClass::of(FINE_MAX).0 as usize + 1;

/// How many granules of starters each class has got, those included that it gave back. All zero when new.
#[derive(Debug)]
pub struct FirstBlocks {
    granules: [Cell<u16>; FIRST_CLASSES],
    /// True if the owner's magazines were emptied since the last starter was opened.
    emptied: Cell<bool>,
}

impl Heap {
    /// True where a starter would be opened for blocks of the class that the owner's magazines may spare: once
    /// between two.
    pub(super) fn wants_first<P: PageProvider>(&self, territory: &Territory<P>, class: SizeClass) -> bool {
        self.gets_first(territory, class) && !self.first_blocks.emptied.replace(true)
    }

    /// True if blocks of the class still come from starters.
    pub fn gets_first<P: PageProvider>(&self, territory: &Territory<P>, class: SizeClass) -> bool {
        self.share_of_first(territory, class) > 0
    }

    /// Bytes of starters that a class may still get.
    fn share_of_first<P: PageProvider>(&self, territory: &Territory<P>, class: SizeClass) -> usize {
        let granules = self.first_blocks.granules.get(class.index()).filter(|_| class.has_magazine());
        let had = granules.map_or(MOST_BYTES, |granules| usize::from(granules.get()) << GRANULE_SHIFT);
        if territory.is_off(Off::STARTERS) { 0 } else { MOST_BYTES.saturating_sub(had) }
    }

    /// Puts blocks of a class that has no free one into `into`, from starters. False if the class has had its
    /// share, or there is no slab within reach.
    pub(super) fn take_first<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        reach: Reach,
        into: &mut Refill<'_>,
    ) -> bool {
        let left = self.share_of_first(territory, class);
        let Some(granules) = self.first_blocks.granules.get(class.index()).filter(|_| left > 0) else { return false };
        let bytes = class.shape().bytes as usize;
        let share = ((MOST_BYTES - left) / 4).max(FIRST_BYTES).min(left);
        let most = into.room().min(share.checked_div(bytes).unwrap_or(0)).max(1);
        let had = into.len();
        let mut at = self.first_of(SizeClass::STARTER);
        while into.len() - had < most {
            let Some(starter) = slab(at) else { break };
            at = starter.next.get();
            starter::take_many(starter, class, most - (into.len() - had), into);
            if starter.free_blocks() == 0 {
                self.unlist(starter);
            }
        }
        if into.len() == had
            && reach > Reach::Starters
            && let Some(opened) = self.claim(territory, SizeClass::STARTER, 1, reach)
        {
            self.count_taken(self.class(SizeClass::STARTER));
            self.first_blocks.emptied.set(false);
            starter::begin(opened);
            starter::take_many(opened, class, most, into);
            self.relist(opened);
        }
        granules.set(granules.get() + (((into.len() - had) * bytes) >> GRANULE_SHIFT) as u16);
        !into.is_empty()
    }
}
