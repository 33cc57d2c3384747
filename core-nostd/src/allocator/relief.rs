//! Memory is out: what is kept goes back before null does.

use super::Allocator;
use crate::heap::Front;
use crate::heap::heaps::Visitor;
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// What the calling thread's magazines and heap and the heaps without a thread hold idle goes back to the pool,
    /// and large blocks that are kept to the provider.
    #[cold]
    pub(super) fn relieve(&self, visitor: &Visitor<'_>, front: &Front) -> usize {
        if let Visitor::Thread(thread) = visitor {
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
}
