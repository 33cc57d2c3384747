//! rlsf behind a critical section, with as many bins as its README suggests or a quarter of them.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut, slice_from_raw_parts_mut};

use rlsf::Tlsf;

use super::Contender;
use super::locked::Locked;

#[cfg(feature = "rlsf-12-16")]
type Heap = Tlsf<'static, u16, u16, 12, 16>;
#[cfg(feature = "rlsf-12-4")]
type Heap = Tlsf<'static, u16, u8, 12, 4>;

pub struct Chosen(Locked<Heap>);

// SAFETY: the heap's promise, under a lock.
unsafe impl GlobalAlloc for Chosen {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.hold(|heap| heap.allocate(layout).map_or(null_mut(), NonNull::as_ptr))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        self.0.hold(|heap| unsafe { heap.deallocate(NonNull::new_unchecked(block), layout.align()) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        self.0.hold(|heap| unsafe {
            let layout = Layout::from_size_align_unchecked(bytes, layout.align());
            heap.reallocate(NonNull::new_unchecked(block), layout).map_or(null_mut(), NonNull::as_ptr)
        })
    }
}

impl Contender for Chosen {
    const EMPTY: Self = Self(Locked::new(Heap::new()));

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        let arena = slice_from_raw_parts_mut(start, bytes);
        // SAFETY: the caller's promise.
        self.0.hold(|heap| unsafe { heap.insert_free_block_ptr(NonNull::new_unchecked(arena)) });
    }
}
