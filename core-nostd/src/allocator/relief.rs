//! Memory is out, or soon will be: what is kept goes back before null does.

use super::Allocator;
use crate::base::millis::Millis;
use crate::base::sync::Ordering;
use crate::heap::Front;
use crate::heap::heaps::Visitor;
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// What the calling thread's quarantine, magazines and heap and the heaps without a thread hold idle goes back
    /// to the pool, spare guards too, and large blocks that are kept or wait, and plots of freed guarded blocks, to
    /// the provider.
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
        self.guarded.let_plots_go(&self.territory);
        self.large.trim(&self.territory, Millis::ZERO)
    }

    /// Large blocks are to have so many bytes more, or have less now: where that comes near what the process may
    /// have, what is kept beside it makes way.
    pub(super) fn keep_within(&self, more: usize) {
        let (live, kept) = (&self.large.live_bytes, self.large.cached_bytes.load(Ordering::Relaxed));
        let live = live.load(Ordering::Relaxed).saturating_add(more);
        let beyond = self.territory.beyond_limit(live, kept);
        if beyond > 0 {
            self.large.trim_to(&self.territory, kept.saturating_sub(beyond));
            self.look_for_surplus();
        }
    }
}
