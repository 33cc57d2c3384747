//! A provider that fails when it is told to, and watches its caller.
//!
//! Calls that may be refused are counted from 1: `reserve`, `commit`, `populate`, `map`, `remap`, `guard`, `unguard`. A
//! purge may be too: then what was purged is kept. Where the calls that were refused stand in the source is noted. Every
//! run that goes by is entered in a [`Ledger`], which panics at the first broken promise.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::collections::BTreeSet;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hakmem_core::pages::Relax;
use hakmem_core::{PageProvider, Purged, Refused};

use super::Ledger;

/// See the file's head. When it is dropped, every run that is still there goes back.
pub struct Faulty<P: PageProvider> {
    below: P,
    calls: AtomicU64,
    /// The first call to refuse.
    refuse_from: AtomicU64,
    /// The first one after it to serve again.
    refuse_to: AtomicU64,
    /// Of those between, each so-manieth.
    refuse_step: AtomicU64,
    refused: Mutex<BTreeSet<&'static Location<'static>>>,
    keeps: AtomicBool,
    purges: AtomicU64,
    remaps: AtomicU64,
    huge_bytes: AtomicUsize,
    ledger: Mutex<Ledger>,
}

impl<P: PageProvider> Faulty<P> {
    /// The same pages; refuses nothing yet.
    pub const fn new(below: P) -> Self {
        Self {
            below,
            calls: AtomicU64::new(0),
            refuse_from: AtomicU64::new(u64::MAX),
            refuse_to: AtomicU64::new(u64::MAX),
            refuse_step: AtomicU64::new(1),
            refused: Mutex::new(BTreeSet::new()),
            keeps: AtomicBool::new(false),
            purges: AtomicU64::new(0),
            remaps: AtomicU64::new(0),
            huge_bytes: AtomicUsize::new(0),
            ledger: Mutex::new(Ledger::new()),
        }
    }

    /// The provider whose pages these are.
    pub const fn below(&self) -> &P {
        &self.below
    }

    /// Calls so far that could have been refused.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Calls of `purge` so far.
    pub fn purges(&self) -> u64 {
        self.purges.load(Ordering::Relaxed)
    }

    /// Runs that `remap` changed so far.
    pub fn remaps(&self) -> u64 {
        self.remaps.load(Ordering::Relaxed)
    }

    /// Bytes for which huge pages were asked so far.
    pub fn huge_bytes(&self) -> usize {
        self.huge_bytes.load(Ordering::Relaxed)
    }

    /// Refuses the `number`-th call from now on, and no other.
    pub fn refuse_once(&self, number: u64) {
        self.refuse(self.calls() + number, self.calls() + number + 1, 1);
    }

    /// Refuses the `number`-th call from now on, and every one after it.
    pub fn refuse_from(&self, number: u64) {
        self.refuse(self.calls() + number, u64::MAX, 1);
    }

    /// Refuses the `number`-th call from now on, twice that, and so on.
    pub fn refuse_each(&self, number: u64) {
        self.refuse(self.calls() + number, u64::MAX, number);
    }

    /// The lines of source that made the calls that were refused.
    pub fn refused(&self) -> BTreeSet<&'static Location<'static>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves every call again.
    pub fn serve(&self) {
        self.refuse(u64::MAX, u64::MAX, 1);
    }

    fn refuse(&self, from: u64, to: u64, step: u64) {
        self.refuse_step.store(step, Ordering::Relaxed);
        self.refuse_from.store(from, Ordering::Relaxed);
        self.refuse_to.store(to, Ordering::Relaxed);
    }

    /// With true, purged memory stays as it is from now on.
    pub fn keep(&self, keeps: bool) {
        self.keeps.store(keeps, Ordering::Relaxed);
    }

    /// Bytes that are reserved now.
    pub fn reserved(&self) -> usize {
        self.ledger().reserved()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; false if it is one to refuse.
    #[track_caller]
    fn serves(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let from = self.refuse_from.load(Ordering::Relaxed);
        let step = self.refuse_step.load(Ordering::Relaxed);
        if call < from || call >= self.refuse_to.load(Ordering::Relaxed) || !(call - from).is_multiple_of(step) {
            return true;
        }
        self.note_refused();
        false
    }

    #[track_caller]
    fn note_refused(&self) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(Location::caller());
    }
}

impl<P: PageProvider> Drop for Faulty<P> {
    fn drop(&mut self) {
        for (start, bytes, parts) in self.ledger().drain() {
            // SAFETY: reserved from below, and committed in parts; whoever used it is gone with the allocator.
            unsafe { self.below.release_with(start, bytes, &parts) };
        }
    }
}

impl<P: PageProvider> Relax for Faulty<P> {
    fn relax() {
        P::relax();
    }
}

// SAFETY: the pages are the provider's below; a refusal is always allowed, and so is `Kept`.
unsafe impl<P: PageProvider> PageProvider for Faulty<P> {
    fn page_bytes(&self) -> usize {
        self.below.page_bytes()
    }

    #[track_caller]
    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = if self.serves() { self.below.reserve(bytes, align) } else { None };
        self.ledger().reserve(run?, bytes, align);
        run
    }

    #[track_caller]
    unsafe fn reserve_with(&self, bytes: usize, align: usize, parts: &[(usize, usize)]) -> Option<NonNull<u8>> {
        let run = self.reserve(bytes, align)?;
        for (done, &(offset, length)) in parts.iter().enumerate().filter(|(_, part)| part.1 > 0) {
            let start = NonNull::new(run.as_ptr().wrapping_add(offset))?;
            // SAFETY: part of the run that was reserved just now; nobody has seen it.
            if unsafe { self.commit(start, length) }.is_err() {
                // SAFETY: as above.
                unsafe { self.release_with(run, bytes, &parts[..done]) };
                return None;
            }
        }
        Some(run)
    }

    #[track_caller]
    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        if !self.serves() {
            return Err(Refused::Memory);
        }
        let mut ledger = self.ledger();
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.commit(start, bytes) }?;
        ledger.commit(start, bytes);
        Ok(())
    }

    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        self.huge_bytes.fetch_add(bytes, Ordering::Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_huge_pages(start, bytes) };
    }

    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_small_pages(start, bytes) };
    }

    #[track_caller]
    unsafe fn populate(&self, start: NonNull<u8>, bytes: usize) -> bool {
        self.ledger().check_committed(start, bytes);
        // SAFETY: the caller's promise, handed on.
        self.serves() && unsafe { self.below.populate(start, bytes) }
    }

    #[track_caller]
    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        self.ledger().check_committed(start, bytes);
        self.purges.fetch_add(1, Ordering::Relaxed);
        if self.keeps.load(Ordering::Relaxed) {
            self.note_refused();
            return Purged::Kept;
        }
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.purge(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        self.ledger().release(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release(start, bytes) };
    }

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        self.ledger().release(start, bytes);
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release_with(start, bytes, parts) };
    }

    #[track_caller]
    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = if self.serves() { self.below.map(bytes, align) } else { None };
        let mut ledger = self.ledger();
        ledger.reserve(run?, bytes, align);
        ledger.commit(run?, bytes);
        run
    }

    #[track_caller]
    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        if !self.serves() {
            return None;
        }
        let mut ledger = self.ledger();
        // SAFETY: the caller's promise, handed on.
        let moved = unsafe { self.below.remap(start, old_bytes, new_bytes) }?;
        self.remaps.fetch_add(1, Ordering::Relaxed);
        ledger.release(start, old_bytes);
        ledger.reserve(moved, new_bytes, self.below.page_bytes());
        ledger.commit(moved, new_bytes);
        Some(moved)
    }

    unsafe fn guard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        self.ledger().guard(start, bytes);
        // SAFETY: the caller's promise, handed on.
        let shut = self.serves() && unsafe { self.below.guard(start, bytes) };
        if !shut {
            self.ledger().unguard(start, bytes);
        }
        shut
    }

    unsafe fn unguard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise, handed on.
        let open = self.serves() && unsafe { self.below.unguard(start, bytes) };
        if open {
            self.ledger().unguard(start, bytes);
        }
        open
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
