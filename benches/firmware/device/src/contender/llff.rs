//! embedded-alloc's LlffHeap, behind its critical section.

pub use embedded_alloc::LlffHeap as Chosen;

use super::Contender;

impl Contender for Chosen {
    const EMPTY: Self = Self::empty();

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.init(start.expose_provenance(), bytes) }
    }
}
