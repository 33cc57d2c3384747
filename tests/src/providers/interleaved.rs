//! Before one chosen call of the provider another thread uses the allocator: if the caller held one of its
//! locks, that thread would wait for ever, and the test ends with the name of the call.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::process;
use std::ptr::NonNull;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use hakmem_core::pages::{KEY_WORDS, Relax};
use hakmem_core::{PageProvider, Purged, Refused};

/// How long the other thread may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What has come so far.
struct Turns {
    /// The calls, by name.
    calls: Vec<&'static str>,
    visitor: Option<ThreadId>,
    visited: bool,
    closed: bool,
}

/// See the file's head.
pub struct Interleaved<P> {
    below: P,
    /// The call before which the other thread has its turn.
    chosen: Option<usize>,
    turns: Mutex<Turns>,
    changed: Condvar,
}

impl<P> Interleaved<P> {
    /// The same pages; call number `chosen`, counted from 0, waits for a visit.
    pub const fn new(below: P, chosen: Option<usize>) -> Self {
        let turns = Turns { calls: Vec::new(), visitor: None, visited: false, closed: false };
        Self { below, chosen, turns: Mutex::new(turns), changed: Condvar::new() }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `visit` on this thread before the chosen call of any other; returns after that, or when
    /// [`Interleaved::close`] says that it will not come.
    pub fn visit(&self, visit: impl FnOnce()) {
        self.turns().visitor = Some(thread::current().id());
        self.changed.notify_all();
        let chosen = self.chosen.unwrap_or(usize::MAX);
        let waits = |turns: &mut Turns| turns.calls.len() <= chosen && !turns.closed;
        let turns = self.changed.wait_while(self.turns(), waits).unwrap_or_else(PoisonError::into_inner);
        let has_come = turns.calls.len() > chosen;
        drop(turns);
        if has_come {
            visit();
            self.turns().visited = true;
            self.changed.notify_all();
        }
    }

    /// Waits for the visitor to be there.
    pub fn await_visitor(&self) {
        let waited = self.changed.wait_while(self.turns(), |turns| turns.visitor.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// No more calls will come.
    pub fn close(&self) {
        self.turns().closed = true;
        self.changed.notify_all();
    }

    /// The calls so far, by name; the visitor's are not counted.
    pub fn calls(&self) -> Vec<&'static str> {
        self.turns().calls.clone()
    }

    fn interleave(&self, call: &'static str) {
        let mut turns = self.turns();
        if turns.visitor == Some(thread::current().id()) {
            return;
        }
        let number = turns.calls.len();
        turns.calls.push(call);
        if self.chosen != Some(number) {
            return;
        }
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(turns, PATIENCE, |turns| !turns.visited);
        if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
            // Past the harness: a panic would wait for the other thread.
            let _ = writeln!(io::stderr(), "a lock is held while the provider's `{call}` is called");
            process::exit(101);
        }
    }
}

impl<P: PageProvider> Relax for Interleaved<P> {
    fn relax() {
        P::relax();
    }
}

// SAFETY: the pages are the provider's below.
unsafe impl<P: PageProvider> PageProvider for Interleaved<P> {
    fn page_bytes(&self) -> usize {
        self.below.page_bytes()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.interleave("reserve");
        self.below.reserve(bytes, align)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        self.interleave("commit");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.commit(start, bytes) }
    }

    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        self.interleave("prefer_huge_pages");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_huge_pages(start, bytes) };
    }

    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        self.interleave("prefer_small_pages");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.prefer_small_pages(start, bytes) };
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        self.interleave("purge");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.purge(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        self.interleave("release");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release(start, bytes) };
    }

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        self.interleave("release");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release_with(start, bytes, parts) };
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.interleave("map");
        self.below.map(bytes, align)
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        self.interleave("remap");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.remap(start, old_bytes, new_bytes) }
    }

    unsafe fn guard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        self.interleave("guard");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.guard(start, bytes) }
    }

    unsafe fn unguard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        self.interleave("unguard");
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.unguard(start, bytes) }
    }

    fn key(&self) -> [u32; KEY_WORDS] {
        self.interleave("key");
        self.below.key()
    }

    fn now_ms(&self) -> u64 {
        self.interleave("now_ms");
        self.below.now_ms()
    }

    fn processors(&self) -> NonZeroU32 {
        self.interleave("processors");
        self.below.processors()
    }

    fn addresses_are_memory(&self) -> bool {
        self.below.addresses_are_memory()
    }

    fn zone_bytes(&self) -> usize {
        self.interleave("zone_bytes");
        self.below.zone_bytes()
    }
}
