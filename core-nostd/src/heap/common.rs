//! Heaps without a thread, and the thread heaps that nobody uses now.
//!
//! A thread's first refills come from here, a few blocks at a time, so that many threads with few objects
//! share slabs. The heap of an exited thread comes here whole: its slabs keep their owner, so nothing is
//! in flight when it changes hands; the next warm thread takes it, or others take from it.

#![allow(unsafe_code, reason = "follows links between heaps")]

use core::ptr;

use super::reach::Reach;
use super::{Heap, ThreadHeap};
use crate::pages::PageProvider;
use crate::slab::{Refill, SizeClass};
use crate::superslab::Territory;

/// Ownerless heaps looked at before a slab is claimed.
const LOOKS: usize = 4;

/// A list of heaps, under a lock. There are several such lists: a thread takes the first that nobody holds.
#[derive(Debug)]
pub struct Common {
    heaps: *const Heap,
}

/// The thread heaps that nobody uses now.
#[derive(Debug)]
pub(crate) struct Unused {
    threads: *const ThreadHeap,
}

// SAFETY: heaps in the list belong to the lock's holder (`owner-only`).
unsafe impl Send for Common {}
// SAFETY: thread heaps in the list belong to the lock's holder.
unsafe impl Send for Unused {}

impl Common {
    /// An empty list.
    pub const fn new() -> Self {
        Self { heaps: ptr::null() }
    }

    /// The ownerless heaps.
    pub fn heaps(&self) -> impl Iterator<Item = &Heap> {
        // SAFETY: heaps are never unmapped.
        let first = unsafe { self.heaps.as_ref() };
        // SAFETY: as above.
        core::iter::successors(first, |heap| unsafe { heap.next_common.get().as_ref() })
    }

    /// Adds the heap of a thread that is done with it.
    pub fn add(&mut self, heap: &Heap) {
        heap.next_common.set(self.heaps);
        self.heaps = heap;
    }

    /// Gives a heap to a thread, unless it is the only one.
    pub fn adopt(&mut self) -> Option<&Heap> {
        let heap = self.heaps().next()?;
        let rest = heap.next_common.get();
        if rest.is_null() {
            return None;
        }
        let heap = ptr::from_ref(heap);
        self.heaps = rest;
        // SAFETY: as above.
        unsafe { heap.as_ref() }
    }

    /// Takes free blocks of a class out of slabs that an ownerless heap has, if there is one that has some.
    pub fn take_many<P: PageProvider>(&self, territory: &Territory<P>, class: SizeClass, into: &mut Refill<'_>) {
        for heap in self.heaps().take(LOOKS) {
            if !heap.has(class) {
                heap.harvest(territory);
            }
            heap.take_many(territory, class, Reach::Spans, into);
            if !into.is_empty() {
                return;
            }
        }
    }

    /// Takes in what others freed of each.
    pub fn harvest<P: PageProvider>(&self, territory: &Territory<P>) {
        self.heaps().for_each(|heap| heap.harvest(territory));
    }

    /// [`Heap::tidy`] of each.
    pub fn tidy<P: PageProvider>(&self, territory: &Territory<P>) {
        for heap in self.heaps() {
            heap.tidy(territory);
        }
    }
}

impl Unused {
    /// An empty list.
    pub(crate) const fn new() -> Self {
        Self { threads: ptr::null() }
    }

    /// Puts a thread heap by for a later thread.
    pub(crate) fn put_by(&mut self, thread: &ThreadHeap) {
        thread.next_unused.set(self.threads);
        self.threads = thread;
    }

    /// A thread heap that was put by.
    pub(crate) fn take_unused(&mut self) -> Option<&ThreadHeap> {
        // SAFETY: thread heaps are never unmapped.
        let thread = unsafe { self.threads.as_ref() }?;
        self.threads = thread.next_unused.get();
        Some(thread)
    }
}

impl Default for Common {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Unused {
    fn default() -> Self {
        Self::new()
    }
}
