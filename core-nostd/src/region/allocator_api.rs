//! The trait of `allocator-api2`, for collections that are told where to allocate.

#![allow(unsafe_code, reason = "hands out memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};

use super::heap::Heap;
use super::lock::Lock;
use super::profile::Profile;

// SAFETY: the profile's promise; a heap does not move while it is borrowed, and its blocks lie in its region.
unsafe impl<P: Profile, L: Lock> Allocator for &Heap<P, L> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = if layout.size() == 0 {
            layout.dangling_ptr()
        } else {
            NonNull::new(self.take(layout)).ok_or(AllocError)?
        };
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: the caller's promise.
            unsafe { self.dealloc(block.as_ptr(), layout) };
        }
    }

    unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        unsafe { self.changed(block, old, new) }
    }

    unsafe fn grow_zeroed(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise: the new block is live and longer.
        unsafe {
            let grown = self.changed(block, old, new)?;
            grown.cast::<u8>().add(old.size()).write_bytes(0, new.size() - old.size());
            Ok(grown)
        }
    }

    unsafe fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        unsafe { self.changed(block, old, new) }
    }
}

impl<P: Profile, L: Lock> Heap<P, L> {
    /// A block for another layout with what was in it.
    unsafe fn changed(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let heap = &self;
        if old.size() == 0 || new.size() == 0 || old.align() != new.align() {
            let moved = heap.allocate(new)?;
            // SAFETY: the caller's promise; both are live and so long.
            unsafe {
                moved.cast::<u8>().copy_from_nonoverlapping(block, old.size().min(new.size()));
                heap.deallocate(block, old);
            }
            return Ok(moved);
        }
        // SAFETY: the caller's promise.
        let changed = unsafe { self.realloc(block.as_ptr(), old, new.size()) };
        let changed = NonNull::new(changed).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(changed, new.size()))
    }
}
