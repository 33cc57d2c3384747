//! buddy_system_allocator's LockedHeap, behind its spin lock.

use super::Contender;

pub type Chosen = buddy_system_allocator::LockedHeap<16>;

impl Contender for Chosen {
    const EMPTY: Self = Self::empty();

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.lock().init(start.expose_provenance(), bytes) }
    }
}
