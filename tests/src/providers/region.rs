//! A static region over memory of its own.

#![allow(unsafe_code, reason = "owns a raw region")]

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;

use hakmem_core::pages::{Relax, StaticRegion};
use hakmem_core::{PageProvider, Purged, Refused};

const ALIGN: usize = 2 << 20;

/// See the file's head. An allocator over it must not be used after it is dropped, which the borrow
/// checker sees to: the allocator owns it.
pub struct Region {
    pages: StaticRegion,
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory belongs to the value, whichever thread has it.
unsafe impl Send for Region {}
// SAFETY: the static region hands its memory out under a lock.
unsafe impl Sync for Region {}

impl Region {
    /// `mebibytes` of memory, with zones of `zone_bytes`.
    pub fn new(mebibytes: usize, zone_bytes: usize) -> Self {
        let layout = Layout::from_size_align(mebibytes << 20, ALIGN).expect("a size in bounds");
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc(layout) }).expect("the system has memory");
        // SAFETY: the memory is ours until `drop`.
        let pages = unsafe { StaticRegion::new(start, layout.size(), zone_bytes) };
        Self { pages, start, layout }
    }

    /// Bytes that no run holds.
    pub fn free_bytes(&self) -> usize {
        self.pages.free_bytes()
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

impl Relax for Region {
    fn relax() {
        StaticRegion::relax();
    }
}

// SAFETY: every call is the static region's.
unsafe impl PageProvider for Region {
    fn page_bytes(&self) -> usize {
        self.pages.page_bytes()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.pages.reserve(bytes, align)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.pages.commit(start, bytes) }
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.pages.purge(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.pages.release(start, bytes) };
    }

    fn addresses_are_memory(&self) -> bool {
        self.pages.addresses_are_memory()
    }

    fn now_ms(&self) -> u64 {
        self.pages.now_ms()
    }

    fn zone_bytes(&self) -> usize {
        self.pages.zone_bytes()
    }
}
