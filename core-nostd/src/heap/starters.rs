//! The first blocks of a class, which has no slab of its own yet, come from the heap's starters.

use super::Heap;
use super::first_blocks::FirstBlocks;
use super::reach::Reach;
use super::slabs::slab;
use crate::config::flags::Off;
use crate::pages::PageProvider;
use crate::slab::{Refill, SizeClass, starter};
use crate::superslab::Territory;

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
        if territory.is_off(Off::STARTERS) { 0 } else { self.first_blocks.left(class) }
    }

    /// Gives starters back of which no block is out. Until then they stay: a program of few blocks would open them again
    /// at its next one, and what is known of their blocks names a late second free.
    #[cold]
    pub(super) fn release_idle_starters<P: PageProvider>(&self, territory: &Territory<P>) {
        let mut at = self.first_of(SizeClass::STARTER);
        while let Some(starter) = slab(at) {
            at = starter.next.get();
            if starter.used.get() == 0 {
                self.unlist(starter);
                self.release(territory, starter);
            }
        }
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
        if left == 0 {
            return false;
        }
        let bytes = class.shape().bytes as usize;
        let most = into.room().min(FirstBlocks::share(left).checked_div(bytes).unwrap_or(0)).max(1);
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
        self.first_blocks.count(class, (into.len() - had) * bytes);
        !into.is_empty()
    }
}
