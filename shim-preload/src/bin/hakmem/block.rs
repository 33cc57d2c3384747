//! Block: one from the malloc of this very process.

#![allow(unsafe_code, reason = "calls the malloc of this very process")]

use std::ffi::c_void;
use std::hint::black_box;

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

/// Freed when dropped.
#[derive(Debug)]
pub(crate) struct Block(*mut u8);

// SAFETY: any thread may use and free a block of malloc, and this is its only owner.
unsafe impl Send for Block {}

impl Block {
    /// `size` bytes, at least one; a byte in every cache line is written.
    pub(crate) fn new(size: usize) -> Self {
        let block = Self::allocate(size);
        block.touch(0, size, 64);
        block
    }

    /// The same; the first byte and the last are written.
    #[inline(always)]
    pub(crate) fn with_ends(size: usize) -> Self {
        let block = Self::allocate(size);
        block.touch(0, size, size);
        block
    }

    /// The same; a byte in every page is written.
    #[inline(always)]
    pub(crate) fn with_pages(size: usize) -> Self {
        let block = Self::allocate(size);
        block.touch(0, size, 4096);
        block
    }

    /// Takes it from `from` to `to` bytes, and writes to those that are new.
    pub(crate) fn grow(&mut self, from: usize, to: usize) {
        // SAFETY: the block is malloc's and owned.
        self.0 = black_box(unsafe { realloc(self.0.cast(), to) }.cast());
        self.expect(to);
        self.touch(from, to, 64);
    }

    /// Its first byte.
    pub(crate) fn first(&mut self) -> &mut u8 {
        // SAFETY: a block has a byte at least, and it was written.
        unsafe { &mut *self.0 }
    }

    /// Where it is; it is not freed any more.
    pub(crate) fn into_raw(self) -> *mut u8 {
        let block = self.0;
        std::mem::forget(self);
        block
    }

    /// The block at an address that [`Self::into_raw`] gave; to free another one is misuse, and may be meant.
    pub(crate) fn from_raw(block: *mut u8) -> Self {
        Self(block)
    }

    #[inline(always)]
    fn allocate(size: usize) -> Self {
        // SAFETY: malloc takes any size.
        let block = Self(black_box(unsafe { malloc(size) }.cast()));
        block.expect(size);
        block
    }

    #[inline(always)]
    fn expect(&self, size: usize) {
        if self.0.is_null() {
            starved(size);
        }
    }

    /// Writes a byte at every `step` from `from` to `to`, and the last: the block is larger.
    #[inline(always)]
    fn touch(&self, from: usize, to: usize, step: usize) {
        for at in (from..to).step_by(step).chain([to - 1]) {
            // SAFETY: `at` is below the block's size, which the callers give.
            unsafe { self.0.add(at).write_volatile(1) };
        }
    }
}

impl Drop for Block {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the block is malloc's and owned; where it is not, the allocator is to say so.
        unsafe { free(self.0.cast()) };
    }
}

#[cold]
fn starved(size: usize) -> ! {
    crate::output::complain(&format!("the allocator gave no block of {size} bytes; free some memory and run again"));
    std::process::exit(1)
}
