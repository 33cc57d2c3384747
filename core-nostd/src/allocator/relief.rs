//! Memory is out, or soon will be: what is kept goes back before null does.

use super::Allocator;
use crate::base::sync::Ordering;
use crate::heap::Front;
use crate::heap::heaps::Visitor;
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// What the calling thread's quarantine, magazines and heap and the heaps without a thread hold idle goes back
    /// to the pool, spare guards too, and large blocks that are kept or wait to the provider.
    #[cold]
    pub(super) fn relieve(&self, visitor: &Visitor<'_>, front: &Front) -> usize {
        self.territory.permit_spares();
        self.large.free_waiting(&self.territory);
        if let Visitor::Thread(thread) = visitor {
            self.release_waiting(front, thread);
            // A fault here is reported by the next flush that meets it; the blocks are back either way.
            let _ = self.heaps.flush_all(&self.territory, front, thread);
            if let Some(heap) = thread.heap() {
                heap.tidy(&self.territory);
            }
        }
        for common in &self.heaps.common {
            common.lock().tidy(&self.territory);
        }
        self.large.trim(&self.territory, 0)
    }

    /// Large blocks are to have so many bytes more, or have less now: where that comes near what the process may
    /// have, nothing is kept beside it.
    pub(super) fn keep_within(&self, more: usize) {
        let large = self.large.live_bytes.load(Ordering::Relaxed) + self.large.cached_bytes.load(Ordering::Relaxed);
        if self.territory.is_near_limit(large.saturating_add(more)) {
            self.large.trim(&self.territory, 0);
            self.look_for_surplus();
        }
    }
}
