//! Pages of another length than the system's: 16 or 64 KiB, as on some aarch64 machines.
//!
//! Every size and address that goes by must be a multiple of the page; what is not stops the test.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::ptr::NonNull;

use hakmem_core::base::sync::Relax;
use hakmem_core::{PageProvider, Purged};

/// See the file's head.
pub struct Paged<P> {
    below: P,
    page: usize,
}

impl<P: PageProvider> Paged<P> {
    /// The same memory in pages of `page` bytes, a power of two.
    pub const fn new(below: P, page: usize) -> Self {
        Self { below, page }
    }

    /// The provider whose pages these are.
    pub const fn below(&self) -> &P {
        &self.below
    }

    fn check(&self, start: NonNull<u8>, bytes: usize) {
        let whole = start.addr().get().is_multiple_of(self.page) && bytes.is_multiple_of(self.page);
        assert!(whole, "{bytes} bytes at {start:?} are not whole pages of {} bytes", self.page);
    }
}

impl<P: PageProvider> Relax for Paged<P> {
    fn relax() {
        P::relax();
    }
}

// SAFETY: the pages are the provider's below, several at a time.
unsafe impl<P: PageProvider> PageProvider for Paged<P> {
    fn page_bytes(&self) -> usize {
        self.page
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = self.below.reserve(bytes, align.max(self.page))?;
        self.check(run, bytes);
        Some(run)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> bool {
        self.check(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.commit(start, bytes) }
    }

    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        self.check(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_huge_pages(start, bytes) };
    }

    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        self.check(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_small_pages(start, bytes) };
    }

    unsafe fn populate(&self, start: NonNull<u8>, bytes: usize) -> bool {
        self.check(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.populate(start, bytes) }
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        self.check(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.purge(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        self.check(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release(start, bytes) };
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = self.below.map(bytes, align.max(self.page))?;
        self.check(run, bytes);
        Some(run)
    }

    /// The provider below may move a run to a multiple of its own page: a new run it is.
    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        self.check(start, old_bytes);
        let moved = self.map(new_bytes, self.page)?;
        // SAFETY: both runs are that long and different; the old one is whole and its owner's alone.
        unsafe {
            moved.copy_from_nonoverlapping(start, old_bytes.min(new_bytes));
            self.below.release(start, old_bytes);
        }
        Some(moved)
    }

    fn now_ms(&self) -> u64 {
        self.below.now_ms()
    }

    fn zone_bytes(&self) -> usize {
        self.below.zone_bytes()
    }
}
