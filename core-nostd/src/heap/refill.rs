//! A magazine is empty: a batch of blocks comes in.

#![allow(unsafe_code, reason = "writes magazine slots")]

use super::heaps::Heaps;
use super::{Front, Heap, ThreadHeap};
use crate::config::flags::Watch;
use crate::pages::PageProvider;
use crate::policy::front::{COLD_BATCH, COLD_REFILLS, refill_batch};
use crate::slab::SizeClass;
use crate::superslab::Territory;

impl<P: PageProvider> Heaps<P> {
    /// Fills a class's empty magazine; false if memory is out.
    ///
    /// In this order: the thread's own slabs, the common heap's, a slab of the pool. A cold thread starts
    /// at the common heap. Blocks come in ascending order of address, and the lowest is popped first.
    #[cold]
    pub fn refill(&self, territory: &Territory<P>, front: &Front, thread: &ThreadHeap, class: SizeClass) -> bool {
        if !thread.fit(territory, front, class) {
            return false;
        }
        thread.refills.set(thread.refills.get().saturating_add(1));
        let most = refill_batch(thread.slots(class));
        let magazines = thread.magazines(front);
        let first = magazines.cursor(class);
        let mut cursor = first;
        let mut put = |block: *mut u8| {
            // SAFETY: `magazine`: the magazine is empty and has at least `most` slots.
            unsafe { cursor.write(block) };
            cursor = cursor.wrapping_add(1);
        };
        if let Some(heap) = self.heap_of(territory, front, thread) {
            let mut taken = heap.take_many(territory, class, most, false, &mut put);
            if taken == 0 {
                taken = self.take_common(territory, class, most, &mut put);
            }
            if taken == 0 {
                heap.take_many(territory, class, most, true, &mut put);
            }
        } else {
            self.from_common_or_pool(territory, class, most.min(COLD_BATCH), &mut put);
        }
        magazines.set_cursor(class, cursor);
        thread.reverse(front, class);
        if !thread.blocks(front, class).iter().all(|&block| territory.zones.first().covers(block)) {
            self.close(front, thread, Watch::ZONES);
        }
        cursor != first
    }

    /// The thread's heap; the first thread gets one at once, later ones when they turn out to be warm.
    pub fn heap_of<'a>(
        &'a self,
        territory: &'a Territory<P>,
        front: &Front,
        thread: &'a ThreadHeap,
    ) -> Option<&'a Heap> {
        if let Some(heap) = thread.heap() {
            return Some(heap);
        }
        let alone = self.threads.load(crate::base::sync::Ordering::Relaxed) <= 1;
        if alone || thread.refills.get() > COLD_REFILLS { self.warm_up(territory, front, thread) } else { None }
    }

    fn take_common(&self, territory: &Territory<P>, class: SizeClass, most: usize, put: impl FnMut(*mut u8)) -> usize {
        self.common.try_lock().map_or(0, |common| common.take_many(territory, class, most, put))
    }

    /// Takes blocks for a thread that has no heap: from a common one, which may claim a slab.
    pub fn from_common_or_pool(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        most: usize,
        mut put: impl FnMut(*mut u8),
    ) -> usize {
        let mut common = self.common.lock();
        let taken = common.take_many(territory, class, most, &mut put);
        if taken > 0 {
            return taken;
        }
        if common.heaps().next().is_none() {
            let Some(heap) = self.new_heap(territory) else {
                return 0;
            };
            common.add(heap);
        }
        common.heaps().next().map_or(0, |heap| heap.take_many(territory, class, most, true, put))
    }
}
