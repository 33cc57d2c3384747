//! Plots: mappings of blocks that no slot has room for, by the number of the slot that has them. When its block was
//! freed a plot stays, shut whole, until the slot is used again, or until such plots take too many addresses.
//!
//! Numbers alone are kept here. They change under the yard's lock, and frees look them up under it; who only wants to
//! know what an address was looks without.

#![allow(unsafe_code, reason = "they stand in raw memory")]

use core::ptr::{self, NonNull};

use crate::base::sync::{AtomicPtr, AtomicUsize, Ordering};

/// Bytes of addresses that plots of freed blocks may have.
pub(super) const KEPT_MOST: usize = 512 << 20;

/// A mapping. All zero there is none.
#[derive(Debug)]
pub(super) struct Plot {
    start: AtomicPtr<u8>,
    bytes: AtomicUsize,
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Plots {
    all: *const Plot,
    count: usize,
    /// One above the highest number that ever had one.
    reach: AtomicUsize,
    /// Bytes of those whose block was freed.
    pub(super) kept_bytes: AtomicUsize,
}

impl Plots {
    /// # Safety
    ///
    /// There are so many there, all zero, which stay.
    pub(super) const unsafe fn new(all: *const Plot, count: usize) -> Self {
        Self { all, count, reach: AtomicUsize::new(0), kept_bytes: AtomicUsize::new(0) }
    }

    fn some(&self, count: usize) -> &[Plot] {
        // SAFETY: there are `count`, by the promise of `new`.
        unsafe { core::slice::from_raw_parts(self.all, count.min(self.count)) }
    }

    /// True if there was ever one.
    pub(super) fn is_used(&self) -> bool {
        self.reach.load(Ordering::Acquire) != 0
    }

    /// The number of the one that an address lies in.
    pub(super) fn find(&self, address: usize) -> Option<usize> {
        let covers = |plot: &Plot| {
            let bytes = plot.bytes.load(Ordering::Acquire);
            address.wrapping_sub(plot.start.load(Ordering::Relaxed).addr()) < bytes
        };
        self.some(self.reach.load(Ordering::Acquire)).iter().position(covers)
    }

    /// A slot has one now.
    pub(super) fn set(&self, number: usize, start: NonNull<u8>, bytes: usize) {
        if let Some(plot) = self.some(self.count).get(number) {
            plot.start.store(start.as_ptr(), Ordering::Relaxed);
            plot.bytes.store(bytes, Ordering::Release);
            self.reach.fetch_max(number + 1, Ordering::AcqRel);
        }
    }

    /// Bytes of a slot's; 0 if it has none.
    pub(super) fn bytes(&self, number: usize) -> usize {
        self.some(self.count).get(number).map_or(0, |plot| plot.bytes.load(Ordering::Relaxed))
    }

    /// A slot has none any more.
    pub(super) fn take(&self, number: usize) -> Option<(NonNull<u8>, usize)> {
        let plot = self.some(self.count).get(number)?;
        let bytes = plot.bytes.swap(0, Ordering::AcqRel);
        let start = plot.start.swap(ptr::null_mut(), Ordering::Relaxed);
        Some((NonNull::new(start)?, bytes))
    }
}
