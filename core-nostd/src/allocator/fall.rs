//! A program gives back much of what it had: what magazines hold must not keep slabs from being free then.

use super::Allocator;
use crate::config::flags::Off;
use crate::heap::{Front, ThreadHeap};
use crate::pages::PageProvider;
use crate::policy::front::{look_below_last, may_hold_much};

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
        if let Some(heap) = thread.heap()
            && may_hold_much(thread.all_slots(), thread.out.get(), heap.spans_ever())
            && !self.territory.is_off(Off::SURPLUS)
            && self.territory.would_be_surplus(heap.spans() as usize)
        {
            // A fault here is reported by the next flush that meets it; the blocks are back either way.
            let _ = self.heaps.flush_all(&self.territory, front, thread);
            thread.unfit(&self.territory, front);
            heap.tidy(&self.territory);
            heap.retire();
            thread.falls.set(true);
            thread.peak.set(thread.out.get());
        }
        thread.look_below.set(look_below_last(thread.out.get()));
    }
}
