//! Room for the allocator's own structures: never returned, reused by size.

#![allow(unsafe_code, reason = "hands out raw memory of the provider")]

use core::ptr::{self, NonNull};

use super::PageProvider;
use crate::base::address::round_up;

const CHUNK_BYTES: usize = 256 << 10;
const LEAST_SHIFT: u32 = 6;
const SIZES: usize = 16;
const MOST_SHIFT: u32 = LEAST_SHIFT + SIZES as u32 - 1;

/// A bump pointer over provider pages with a free list for each power of two.
#[derive(Debug)]
pub struct Store {
    at: *mut u8,
    left: usize,
    free: [*mut u8; SIZES],
    mapped: usize,
}

// SAFETY: the pointers are to memory that only the store's holder uses.
unsafe impl Send for Store {}

impl Store {
    /// A store that has nothing yet.
    pub const fn new() -> Self {
        Self { at: ptr::null_mut(), left: 0, free: [ptr::null_mut(); SIZES], mapped: 0 }
    }

    /// Bytes mapped so far.
    pub fn mapped(&self) -> usize {
        self.mapped
    }

    /// `bytes` of memory aligned to 64 bytes; its contents are unspecified.
    pub fn take(&mut self, provider: &impl PageProvider, bytes: usize) -> Option<NonNull<u8>> {
        let shift = Self::shift(bytes);
        if shift > MOST_SHIFT {
            let run = provider.map(1 << shift, provider.page_bytes())?;
            self.mapped += 1 << shift;
            return Some(run);
        }
        let list = &mut self.free[(shift - LEAST_SHIFT) as usize % SIZES];
        if let Some(block) = NonNull::new(*list) {
            // SAFETY: a block on the list is ours, and its first word links to the next.
            *list = unsafe { block.cast::<*mut u8>().read() };
            return Some(block);
        }
        let bytes = 1usize << shift;
        if self.left < bytes {
            let wanted = if bytes > CHUNK_BYTES { bytes } else { CHUNK_BYTES };
            let mut chunk = round_up(wanted, provider.page_bytes())?;
            let mut run = provider.map(chunk, provider.page_bytes());
            if run.is_none() {
                chunk = round_up(bytes, provider.page_bytes())?;
                run = provider.map(chunk, provider.page_bytes());
            }
            self.at = run?.as_ptr();
            self.left = chunk;
            self.mapped += chunk;
        }
        let block = self.at;
        self.at = self.at.wrapping_add(bytes);
        self.left -= bytes;
        NonNull::new(block)
    }

    /// Takes a block back for reuse, or unmaps it where it is too large for the lists.
    ///
    /// # Safety
    ///
    /// `block` came from [`Store::take`] with the same `bytes`, and nobody uses it.
    pub unsafe fn give(&mut self, provider: &impl PageProvider, block: NonNull<u8>, bytes: usize) {
        let shift = Self::shift(bytes);
        if shift > MOST_SHIFT {
            self.mapped -= 1 << shift;
            // SAFETY: `take` mapped it whole.
            unsafe { provider.release(block, 1 << shift) };
            return;
        }
        let list = &mut self.free[(shift - LEAST_SHIFT) as usize % SIZES];
        // SAFETY: the block is at least 64 bytes and ours again.
        unsafe { block.cast::<*mut u8>().write(*list) };
        *list = block.as_ptr();
    }

    fn shift(bytes: usize) -> u32 {
        bytes.next_power_of_two().trailing_zeros().max(LEAST_SHIFT)
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}
