//! linked_list_allocator's LockedHeap, behind its spin lock.

pub use linked_list_allocator::LockedHeap as Chosen;

use super::Contender;

impl Contender for Chosen {
    const EMPTY: Self = Self::empty();

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.lock().init(start, bytes) }
    }
}
