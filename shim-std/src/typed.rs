//! The `Allocator` trait on stable Rust, through allocator-api2.

#![allow(unsafe_code, reason = "Allocator is an unsafe trait")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};

use crate::Hakmem;

fn slice(block: *mut u8, bytes: usize) -> Result<NonNull<[u8]>, AllocError> {
    let block = NonNull::new(block).ok_or(AllocError)?;
    Ok(NonNull::slice_from_raw_parts(block, bytes))
}

fn nothing(layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    slice(core::ptr::without_provenance_mut(layout.align()), 0)
}

// SAFETY: blocks stay valid until they are given back, whichever copy of the value is asked.
unsafe impl Allocator for Hakmem {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return nothing(layout);
        }
        // SAFETY: the size is not 0.
        slice(unsafe { self.alloc(layout) }, layout.size())
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return nothing(layout);
        }
        // SAFETY: the size is not 0.
        slice(unsafe { self.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: the caller's promise: allocated here with this layout.
            unsafe { self.dealloc(block.as_ptr(), layout) };
        }
    }

    unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise: allocated here with the old layout, and the new one is no smaller.
        unsafe { self.resize(block, old, new) }
    }

    unsafe fn grow_zeroed(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: as above.
        let grown = unsafe { self.resize(block, old, new)? };
        // SAFETY: the block is as long as the new layout now.
        unsafe { grown.cast::<u8>().add(old.size()).write_bytes(0, new.size() - old.size()) };
        Ok(grown)
    }

    unsafe fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise: allocated here with the old layout, and the new one is no larger.
        unsafe { self.resize(block, old, new) }
    }
}

impl Hakmem {
    /// In place where it can be.
    unsafe fn resize(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if old.align() == new.align() && old.size() != 0 && new.size() != 0 {
            // SAFETY: the caller's promise; no size is 0.
            return slice(unsafe { self.realloc(block.as_ptr(), old, new.size()) }, new.size());
        }
        let moved = self.allocate(new)?;
        // SAFETY: both are that long and different.
        unsafe { moved.cast::<u8>().copy_from_nonoverlapping(block, old.size().min(new.size())) };
        // SAFETY: the caller's promise.
        unsafe { self.deallocate(block, old) };
        Ok(moved)
    }
}
