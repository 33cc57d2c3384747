//! A provider whose clock is set by hand.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use hakmem_core::pages::Relax;
use hakmem_core::{PageProvider, Purged, Refused};

/// See the file's head. Starts at 0.
pub struct Clocked<P> {
    below: P,
    now_ms: AtomicU64,
}

impl<P> Clocked<P> {
    /// The same pages with another clock.
    pub const fn new(below: P) -> Self {
        Self { below, now_ms: AtomicU64::new(0) }
    }

    /// Sets the clock, which must not run backwards.
    pub fn set_ms(&self, now_ms: u64) {
        let before = self.now_ms.swap(now_ms, Ordering::Relaxed);
        assert!(before <= now_ms, "the clock runs backwards");
    }

    /// The provider whose pages these are.
    pub const fn below(&self) -> &P {
        &self.below
    }
}

impl<P: PageProvider> Relax for Clocked<P> {
    fn relax() {
        P::relax();
    }
}

// SAFETY: the pages are the provider's below.
unsafe impl<P: PageProvider> PageProvider for Clocked<P> {
    fn page_bytes(&self) -> usize {
        self.below.page_bytes()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.below.reserve(bytes, align)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.commit(start, bytes) }
    }

    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_huge_pages(start, bytes) };
    }

    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_small_pages(start, bytes) };
    }

    unsafe fn populate(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.populate(start, bytes) }
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.purge(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release(start, bytes) };
    }

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release_with(start, bytes, parts) };
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.below.map(bytes, align)
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.remap(start, old_bytes, new_bytes) }
    }

    unsafe fn guard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.guard(start, bytes) }
    }

    unsafe fn unguard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.unguard(start, bytes) }
    }

    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn addresses_are_memory(&self) -> bool {
        self.below.addresses_are_memory()
    }

    fn zone_bytes(&self) -> usize {
        self.below.zone_bytes()
    }
}
