//! A magazine is empty: a batch of blocks comes in.

use super::heaps::Heaps;
use super::reach::Reach;
use super::{Front, Heap, ThreadHeap};
use crate::base::sync::{Lock, Ordering};
use crate::config::flags::{Harden, Off, Watch};
use crate::harden::random::Dice;
use crate::pages::PageProvider;
use crate::policy::front::{COLD_BATCH, FIRST_BATCH, is_warm, refill_batch};
use crate::slab::{Refill, SizeClass};
use crate::superslab::Territory;

impl<P: PageProvider> Heaps<P> {
    /// Fills a class's empty magazine; false if memory is out.
    ///
    /// In this order: the thread's own slabs, the common heap's, a slab of the pool. A cold thread starts
    /// at the common heap. Blocks come in ascending order of address, and the lowest is popped first.
    #[cold]
    pub fn refill(&self, territory: &Territory<P>, front: &Front, thread: &ThreadHeap, class: SizeClass) -> bool {
        let is_first = thread.slots(class) == 0;
        // Nothing came back since the last time: it may well be so again.
        let is_rising = !is_first && !thread.has_flushed(class);
        if !self.fit(territory, front, thread, class, true) {
            return false;
        }
        thread.refills.set(thread.refills.get().saturating_add(1));
        let heap = self.heap_of(territory, front, thread);
        let most = match (heap, is_first) {
            (Some(_), _) if is_rising => thread.slots(class),
            (Some(_), _) => refill_batch(thread.slots(class)),
            (None, true) => FIRST_BATCH,
            (None, false) if self.is_warm(thread) => refill_batch(thread.slots(class)).max(COLD_BATCH),
            (None, false) => COLD_BATCH,
        };
        let dice = self.dice_of(territory, thread);
        // The more there are, the less can be foretold of the next.
        let most = if dice.is_some() { thread.slots(class) } else { most };
        let mut room = Refill::new(thread.room(front, class, most.min(thread.slots(class))));
        room.dice = dice;
        if let Some(heap) = heap {
            heap.take_many(territory, class, Reach::Spans, &mut room);
            if room.is_empty() && self.has_common() {
                self.look_into_common(territory, class, &mut room);
            }
            if room.is_empty() {
                heap.take_many(territory, class, Reach::Starters, &mut room);
            }
            if room.is_empty() {
                if heap.wants_first(territory, class) {
                    // A fault here is reported by the next flush that meets it; the blocks are back either way.
                    let _ = self.flush_all(territory, front, thread);
                    heap.tidy(territory);
                }
                heap.take_many(territory, class, Reach::Provider, &mut room);
            }
        } else {
            self.from_common_or_pool(territory, class, &mut room);
        }
        let came = room.len();
        thread.add_newest(front, class, room.room(), came);
        thread.note_taken(came);
        if thread.watch().is_empty() && territory.measures.has(Harden::HOLDS) {
            // Who is not watched does not look, and what it writes is no misuse.
            thread.blocks(front, class).iter().for_each(|&block| territory.zones.unmark_freed(class, block));
        }
        let is_foreign = |block: &*mut u8| !territory.zones.first().covers(*block);
        if territory.zones.count() > 1 && thread.blocks(front, class).iter().any(is_foreign) {
            thread.close(front, Watch::ZONES);
        }
        came > 0
    }

    /// The thread's dice, where placement is to be random; none if memory is out.
    fn dice_of<'a>(&self, territory: &Territory<P>, thread: &'a ThreadHeap) -> Option<&'a Dice> {
        if !territory.measures.has(Harden::RANDOM) || !thread.watch().contains(Watch::DOUBLE_FREE) {
            return None;
        }
        if thread.dice.get().is_null()
            && let Some(room) = territory.allot::<Dice>()
        {
            thread.dice.set(room.as_ptr());
            thread.dice()?.rekey(territory.provider.key());
        }
        thread.dice()
    }

    /// The thread's heap; the first thread gets one at once, later ones when they turn out to be warm, if there are
    /// not too many that have one.
    #[inline(always)]
    pub fn heap_of<'a>(
        &'a self,
        territory: &'a Territory<P>,
        front: &Front,
        thread: &'a ThreadHeap,
    ) -> Option<&'a Heap> {
        thread.heap().or_else(|| self.warmed_up(territory, front, thread))
    }

    #[cold]
    fn warmed_up<'a>(&'a self, territory: &'a Territory<P>, front: &Front, thread: &'a ThreadHeap) -> Option<&'a Heap> {
        let has_one = territory.is_off(Off::COLD_THREADS) || self.is_warm(thread) && self.may_own(territory);
        if has_one { self.warm_up(territory, front, thread) } else { None }
    }

    fn is_warm(&self, thread: &ThreadHeap) -> bool {
        let is_alone = self.threads.load(Ordering::Relaxed) <= 1;
        is_alone || thread.gives.get() || is_warm(thread.refills.get(), thread.classes.get())
    }

    /// Takes free blocks of ownerless heaps, of those lists that nobody holds.
    fn look_into_common(&self, territory: &Territory<P>, class: SizeClass, into: &mut Refill<'_>) {
        for common in self.common.iter().filter_map(Lock::try_lock) {
            common.take_many(territory, class, into);
            if !into.is_empty() {
                return;
            }
        }
    }

    /// Takes blocks for a thread that has no heap: from a common one, which may claim a slab. The provider is
    /// called without the list's lock; whoever takes what it gave is one thread further.
    pub fn from_common_or_pool(&self, territory: &Territory<P>, class: SizeClass, into: &mut Refill<'_>) {
        loop {
            let common = self.any_common();
            common.take_many(territory, class, into);
            let first = common.heaps().next();
            if let Some(heap) = first.filter(|_| into.is_empty()) {
                heap.take_many(territory, class, Reach::Pool, into);
            }
            if !into.is_empty() {
                return;
            }
            let is_heapless = first.is_none();
            drop(common);
            if is_heapless {
                let Some(heap) = self.new_heap(territory) else { return };
                self.add_common(heap);
            } else if !territory.provide(class.shape().slabs.into()) {
                return;
            }
        }
    }
}
