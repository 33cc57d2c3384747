//! A profile with a bug: so that a device can break, and a desk can find out when.

#![allow(unsafe_code, reason = "a profile is an unsafe trait, and this one breaks its promise")]

use core::alloc::Layout;

use hakmem_core::region::{Profile, RegionError};
use hakmem_core::{Broken, FaultKind};

/// Of so many blocks that come back, one takes the beginning of the next block with it.
const EVERY: u32 = 50;
/// Bytes that are taken with it.
const TOO_MANY: usize = 8;

/// The bug is this file's; the rest is the profile's below.
pub struct Flawed<P> {
    below: P,
    given: u32,
}

// SAFETY: none: a live block that loses its beginning is what the tests want to see found.
unsafe impl<P: Profile> Profile for Flawed<P> {
    const EMPTY: Self = Self { below: P::EMPTY, given: 0 };
    const LEAST_BYTES: usize = P::LEAST_BYTES;
    const MOST_BYTES: usize = P::MOST_BYTES;

    unsafe fn adopt(&mut self, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.adopt(start, bytes) }
    }

    fn has_room(&self) -> Result<(), RegionError> {
        self.below.has_room()
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        self.below.take(layout)
    }

    unsafe fn give(&mut self, block: *mut u8, layout: Layout) -> Result<(), FaultKind> {
        self.given += 1;
        if self.given.is_multiple_of(EVERY) {
            // SAFETY: as long as a layout can be.
            let longer = unsafe { Layout::from_size_align_unchecked(layout.size() + TOO_MANY, layout.align()) };
            // SAFETY: none.
            if unsafe { self.below.give(block, longer) }.is_ok() {
                return Ok(());
            }
            // What follows is free already: the next one, then.
            self.given -= 1;
        }
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.give(block, layout) }
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.resize(block, layout, bytes) }
    }

    fn holes(&self, each: &mut dyn FnMut(usize)) {
        self.below.holes(each);
    }

    fn capacity(&self) -> usize {
        self.below.capacity()
    }

    fn overhead(&self) -> usize {
        self.below.overhead()
    }

    fn footprint(&self, block: *mut u8, layout: Layout) -> usize {
        self.below.footprint(block, layout)
    }

    fn audit(&self) -> Result<(), Broken> {
        self.below.audit()
    }
}
