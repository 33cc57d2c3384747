//! What is checked.

use hakmem_core::region::{Heap, Profile};

/// A program's allocator.
pub(super) type Subject<P> = &'static Heap<P>;

/// Bytes in use, of a heap in which all is well.
pub(super) fn used<P: Profile>(heap: &Heap<P>) -> usize {
    heap.audit().expect("every invariant holds");
    heap.stats().used
}
