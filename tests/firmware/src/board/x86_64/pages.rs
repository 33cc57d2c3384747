//! The core's view of the page tables.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use core::ptr::{NonNull, with_exposed_provenance_mut};
use core::sync::atomic::{AtomicU64, Ordering};

use hakmem_core::pages::Relax;
use hakmem_core::{PageProvider, Purged, Refused};

use super::frames::FRAME_BYTES;
use super::paging;

/// Pages of the machine, a frame each from the first access on. There is one machine: all values are the same.
#[derive(Clone, Copy)]
pub struct Pages;

/// How often the time was asked for: that is the clock.
static CALLS: AtomicU64 = AtomicU64::new(0);

impl Relax for Pages {
    fn relax() {
        core::hint::spin_loop();
    }
}

// SAFETY: addresses are handed out once. A page has a frame of its own, and it is zero when it gets it.
unsafe impl PageProvider for Pages {
    fn page_bytes(&self) -> usize {
        FRAME_BYTES
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let start = paging::with(|paging| paging.reserve(bytes, align))?;
        NonNull::new(with_exposed_provenance_mut(start))
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        paging::with(|paging| paging.commit(start.addr().get(), bytes)).then_some(()).ok_or(Refused::Memory)
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        paging::with(|paging| paging.purge(start.addr().get(), bytes));
        Purged::Zeroed
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        paging::with(|paging| paging.release(start.addr().get(), bytes));
    }

    fn now_ms(&self) -> u64 {
        CALLS.fetch_add(1, Ordering::Relaxed)
    }

    fn zone_bytes(&self) -> usize {
        32 << 20
    }
}
