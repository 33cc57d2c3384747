//! A program gives back much of what it had: what magazines hold must not keep slabs from being free then.

use super::Allocator;
use crate::config::flags::Off;
use crate::heap::{Front, ThreadHeap};
use crate::pages::PageProvider;
use crate::policy::front::{is_much_in_a_crowd, is_small, look_below_last, may_fall_again, may_hold_half};

impl<P: PageProvider> Allocator<P> {
    /// Free memory goes back at once that is more than the program was seen to need again.
    #[inline]
    pub(super) fn look_for_surplus(&self) {
        if self.territory.has_surplus() && !self.territory.is_off(Off::SURPLUS) {
            self.territory.purge_surplus();
        }
    }

    /// A thread's magazines are taken away when it has given back so much that they might hold half of the rest, if
    /// what its slabs hold would go back. What follows goes to its slab block by block, until the thread takes
    /// again: these are few blocks, and at the end none is left in a magazine.
    #[inline]
    pub(super) fn look_for_fall(&self, front: &Front, thread: &ThreadHeap) {
        if thread.out.get() < thread.look_below.get() {
            self.look_closer(front, thread);
        }
    }

    #[cold]
    fn look_closer(&self, front: &Front, thread: &ThreadHeap) {
        if may_hold_half(thread.all_slots(), thread.out.get())
            && !self.territory.is_off(Off::SURPLUS)
            && (self.holds_surplus(thread) || self.holds_much_in_a_crowd(front, thread))
        {
            // A fault here is reported by the next flush that meets it; the blocks are back either way.
            let _ = self.heaps.flush_all(&self.territory, front, thread);
            thread.unfit(&self.territory, front);
            if let Some(heap) = thread.heap() {
                heap.tidy(&self.territory);
                heap.retire();
            }
            thread.falls.set(true);
            thread.peak.set(thread.out.get());
        }
        thread.look_below.set(look_below_last(thread.out.get()));
    }

    /// True if the thread's heap is large, and its memory would go back.
    fn holds_surplus(&self, thread: &ThreadHeap) -> bool {
        let Some(heap) = thread.heap() else { return false };
        !is_small(heap.spans_ever()) && self.territory.would_be_surplus(heap.spans() as usize)
    }

    /// True if the thread is one of many and its magazines hold more than each of so many may, if it rests from now on.
    /// It may go on as well, so that it is asked for seldom.
    fn holds_much_in_a_crowd(&self, front: &Front, thread: &ThreadHeap) -> bool {
        if !self.heaps.are_crowded(&self.territory) || !is_much_in_a_crowd(thread.cached_bytes(front)) {
            return false;
        }
        let now = self.territory.read_clock();
        let is_due = may_fall_again(now.since(thread.fell.get()));
        if is_due {
            thread.fell.set(now);
        }
        is_due
    }
}
