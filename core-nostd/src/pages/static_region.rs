//! A provider over one region of memory: firmware, kernels, tests and fuzzers.
//!
//! Runs of any size come from `linked_list_allocator`, which keeps its list inside the free memory.

#![allow(unsafe_code, reason = "owns a raw region")]

use core::alloc::Layout;
use core::ptr::NonNull;

use linked_list_allocator::Heap as Runs;

use super::{PageProvider, Purged, Refused};
use crate::base::sync::{AtomicU64, Lock, Ordering, Relax};

const PAGE_BYTES: usize = 4096;

/// The region and its clock, which ticks once a call.
pub struct StaticRegion {
    runs: Lock<Runs, Self>,
    zone_bytes: usize,
    calls: AtomicU64,
}

impl StaticRegion {
    /// Takes a region over.
    ///
    /// # Safety
    ///
    /// The region is valid memory, used by nobody else, for as long as the provider lives.
    pub unsafe fn new(start: NonNull<u8>, bytes: usize, zone_bytes: usize) -> Self {
        // SAFETY: promised by the caller.
        let runs = unsafe { Runs::new(start.as_ptr(), bytes) };
        Self { runs: Lock::new(runs), zone_bytes, calls: AtomicU64::new(0) }
    }

    /// Bytes that no run holds.
    pub fn free_bytes(&self) -> usize {
        self.runs.lock().free()
    }
}

impl Relax for StaticRegion {
    fn relax() {
        core::hint::spin_loop();
    }
}

// SAFETY: the list hands out disjoint runs of the region; they are readable throughout and are
// zeroed when they are handed out or purged, so untouched memory reads as zero.
unsafe impl PageProvider for StaticRegion {
    fn page_bytes(&self) -> usize {
        PAGE_BYTES
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(bytes, align.max(PAGE_BYTES)).ok()?;
        let run = self.runs.lock().allocate_first_fit(layout).ok()?;
        // SAFETY: the run is ours and `bytes` long.
        unsafe { run.as_ptr().write_bytes(0, bytes) };
        Some(run)
    }

    fn addresses_are_memory(&self) -> bool {
        true
    }

    unsafe fn commit(&self, _: NonNull<u8>, _: usize) -> Result<(), Refused> {
        Ok(())
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        // SAFETY: the run is committed and unneeded, by the caller's promise.
        unsafe { start.as_ptr().write_bytes(0, bytes) };
        Purged::Zeroed
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        let Ok(layout) = Layout::from_size_align(bytes, PAGE_BYTES) else {
            return;
        };
        // SAFETY: the run was handed out by `reserve` with this size; its alignment only chose the place.
        unsafe { self.runs.lock().deallocate(start, layout) };
    }

    fn now_ms(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    fn zone_bytes(&self) -> usize {
        self.zone_bytes
    }
}
