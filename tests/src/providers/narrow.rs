//! A small address space: zones of a chosen size, and reservations only up to a chosen sum.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use hakmem_core::pages::{KEY_WORDS, Relax};
use hakmem_core::{PageProvider, Purged, Refused};

/// See the file's head.
pub struct Narrow<P> {
    below: P,
    zone_bytes: usize,
    left: AtomicUsize,
}

impl<P> Narrow<P> {
    /// The same pages, in zones of `zone_bytes` and at most `most` bytes at a time.
    pub const fn new(below: P, zone_bytes: usize, most: usize) -> Self {
        Self { below, zone_bytes, left: AtomicUsize::new(most) }
    }

    /// The provider whose pages these are.
    pub const fn below(&self) -> &P {
        &self.below
    }

    /// Bytes that may still be reserved.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: usize) -> bool {
        let spent = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_ok()
    }

    fn refund(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }

    fn within(&self, bytes: usize, ask: impl FnOnce() -> Option<NonNull<u8>>) -> Option<NonNull<u8>> {
        if !self.spend(bytes) {
            return None;
        }
        let run = ask();
        if run.is_none() {
            self.refund(bytes);
        }
        run
    }
}

impl<P: PageProvider> Relax for Narrow<P> {
    fn relax() {
        P::relax();
    }
}

// SAFETY: the pages are the provider's below.
unsafe impl<P: PageProvider> PageProvider for Narrow<P> {
    fn page_bytes(&self) -> usize {
        self.below.page_bytes()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.within(bytes, || self.below.reserve(bytes, align))
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
        self.refund(bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release(start, bytes) };
    }

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        self.refund(bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release_with(start, bytes, parts) };
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.within(bytes, || self.below.map(bytes, align))
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        let more = new_bytes.saturating_sub(old_bytes);
        // SAFETY: the caller's promise, handed on.
        let moved = self.within(more, || unsafe { self.below.remap(start, old_bytes, new_bytes) });
        if moved.is_some() {
            self.refund(old_bytes.saturating_sub(new_bytes));
        }
        moved
    }

    unsafe fn guard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.guard(start, bytes) }
    }

    unsafe fn unguard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.unguard(start, bytes) }
    }

    fn key(&self) -> [u32; KEY_WORDS] {
        self.below.key()
    }

    fn now_ms(&self) -> u64 {
        self.below.now_ms()
    }

    fn addresses_are_memory(&self) -> bool {
        self.below.addresses_are_memory()
    }

    fn zone_bytes(&self) -> usize {
        self.zone_bytes
    }
}
