//! Pages larger than the system's: every run that goes by is held against them.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::ptr::NonNull;

use hakmem_core::pages::Relax;
use hakmem_core::{PageProvider, Purged, Refused};

/// See the file's head.
pub struct Coarse<P> {
    below: P,
    page_bytes: usize,
}

impl<P> Coarse<P> {
    /// The same memory in pages of so many bytes, a power of two and no less than there are.
    pub const fn new(below: P, page_bytes: usize) -> Self {
        Self { below, page_bytes }
    }

    /// The provider whose pages these are.
    pub const fn below(&self) -> &P {
        &self.below
    }

    fn check(&self, start: NonNull<u8>, bytes: usize) {
        let whole = start.addr().get().is_multiple_of(self.page_bytes) && bytes.is_multiple_of(self.page_bytes);
        assert!(whole && bytes > 0, "{bytes} bytes at {start:p} are not whole pages of {}", self.page_bytes);
    }

    fn check_new(&self, bytes: usize, align: usize) {
        let whole = bytes.is_multiple_of(self.page_bytes) && align.is_power_of_two();
        assert!(whole && bytes > 0, "{bytes} bytes at {align} are not whole pages of {}", self.page_bytes);
    }
}

impl<P: PageProvider> Relax for Coarse<P> {
    fn relax() {
        P::relax();
    }
}

// SAFETY: the pages are the provider's below, several at a time.
unsafe impl<P: PageProvider> PageProvider for Coarse<P> {
    fn page_bytes(&self) -> usize {
        self.page_bytes
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.check_new(bytes, align);
        self.below.reserve(bytes, align.max(self.page_bytes))
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
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

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release_with(start, bytes, parts) };
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.check_new(bytes, align);
        self.below.map(bytes, align.max(self.page_bytes))
    }

    /// Moves whole pages only where the pages below are as large: elsewhere they would not come to lie at a multiple.
    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        self.check(start, old_bytes);
        self.check(start, new_bytes);
        if self.page_bytes == self.below.page_bytes() {
            // SAFETY: the caller's promise, handed on.
            return unsafe { self.below.remap(start, old_bytes, new_bytes) };
        }
        let moved = self.map(new_bytes, self.page_bytes)?;
        // SAFETY: both are live and so long; the old one is nobody's from here on.
        unsafe {
            moved.copy_from_nonoverlapping(start, old_bytes.min(new_bytes));
            self.below.release(start, old_bytes);
        }
        Some(moved)
    }

    fn now_ms(&self) -> u64 {
        self.below.now_ms()
    }

    fn addresses_are_memory(&self) -> bool {
        self.below.addresses_are_memory()
    }

    fn zone_bytes(&self) -> usize {
        self.below.zone_bytes()
    }
}
