//! linked_list_allocator's Heap behind a critical section: its own lock needs compare-and-swap.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut};

use linked_list_allocator::Heap;

use super::Contender;
use super::locked::Locked;

pub struct Chosen(Locked<Heap>);

// SAFETY: the heap's promise, under a lock.
unsafe impl GlobalAlloc for Chosen {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.hold(|heap| heap.allocate_first_fit(layout).map_or(null_mut(), NonNull::as_ptr))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        self.0.hold(|heap| unsafe { heap.deallocate(NonNull::new_unchecked(block), layout) });
    }
}

impl Contender for Chosen {
    const EMPTY: Self = Self(Locked::new(Heap::empty()));

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        self.0.hold(|heap| unsafe { heap.init(start, bytes) });
    }
}
