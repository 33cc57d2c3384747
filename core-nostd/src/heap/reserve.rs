//! Slabs that a heap holds in advance, all of one superslab: spans come and go without the pool's lock.
//!
//! `reserve`: the slabs of a heap's reserve are in no span and not free in the pool; the reserve's owner
//! alone changes the masks, others only count them.

#![allow(unsafe_code, reason = "reaches slab records through a pointer")]

use core::ptr;

use crate::base::bits::{low, run_starts, take_lowest};
use crate::base::sync::{AtomicU64, AtomicUsize, Cell, Ordering};
use crate::config::flags::Off;
use crate::config::geometry::{SLAB_SHIFT, SUPERSLAB_SLABS};
use crate::pages::PageProvider;
use crate::slab::descriptor::FULL;
use crate::slab::{Mailbox, SizeClass, Slab};
use crate::superslab::Territory;
use crate::superslab::pool::Claim;

/// Slabs asked of the pool beyond those needed: as many as the heap has spans, at most these.
const MOST_EXTRA: usize = 16;
/// Slabs kept when spans come back.
const MOST_KEPT: usize = 16;

/// See the file's head. All zero when it has nothing.
#[derive(Debug)]
#[repr(C)]
pub struct Reserve {
    free: AtomicU64,
    dirty: Cell<u64>,
    records: Cell<*const Slab>,
    base: Cell<*mut u8>,
    zone: AtomicUsize,
    superslab: AtomicUsize,
}

impl Reserve {
    /// Zone, superslab and slabs, as the audit wants them.
    pub fn holding(&self) -> (usize, usize, u64) {
        (self.zone.load(Ordering::Relaxed), self.superslab.load(Ordering::Relaxed), self.free.load(Ordering::Relaxed))
    }

    /// True if it has a run of slabs that were used before, so that taking it touches no new page.
    pub fn has_used(&self, slabs: usize) -> bool {
        run_starts(self.free.load(Ordering::Relaxed) & self.dirty.get(), slabs) != 0
    }

    /// A span of slabs that were used before, no block of it out; `None` if there is no such run.
    pub fn reopen<'a>(&self, class: SizeClass, slabs: usize, owner: *const Mailbox) -> Option<&'a Slab> {
        let free = self.free.load(Ordering::Relaxed);
        let starts = run_starts(free & self.dirty.get(), slabs);
        if starts == 0 {
            return None;
        }
        let first = starts.trailing_zeros() as usize;
        self.free.store(free & !(low(slabs) << first), Ordering::Relaxed);
        // SAFETY: `reserve`: a superslab that has slabs here is committed, so it has 64 records.
        let slab = unsafe { &*self.records.get().add(first) };
        slab.base.store(self.base.get().wrapping_add(first << SLAB_SHIFT), Ordering::Relaxed);
        slab.slabs.store(slabs as u8, Ordering::Relaxed);
        slab.place.set(FULL);
        slab.reopen(class, slabs);
        slab.owner.store(owner.cast_mut(), Ordering::Release);
        Some(slab)
    }

    /// True if the span is of the superslab that the reserve has.
    pub fn covers(&self, slab: &Slab) -> bool {
        ptr::eq(slab.first_of_superslab(), self.records.get())
    }

    /// A span of `slabs` slabs; with `grow` the provider may be called.
    pub fn claim<'a, P: PageProvider>(
        &self,
        territory: &'a Territory<P>,
        class: SizeClass,
        slabs: usize,
        spans: usize,
        owner: *const Mailbox,
        grow: bool,
    ) -> Option<&'a Slab> {
        let free = self.free.load(Ordering::Relaxed);
        let mut starts = run_starts(free & self.dirty.get(), slabs);
        // Pages that are there already, be they the pool's, before new ones.
        if starts == 0 && !territory.has_reusable() {
            starts = run_starts(free, slabs);
        }
        if starts == 0 {
            starts = self.restock(territory, slabs, spans.min(MOST_EXTRA), grow)?;
        }
        let first = starts.trailing_zeros() as usize;
        let mask = low(slabs) << first;
        let free = self.free.load(Ordering::Relaxed);
        self.free.store(free & !mask, Ordering::Relaxed);
        let fresh = self.dirty.get() & mask == 0;
        let claim = Claim {
            zone: self.zone.load(Ordering::Relaxed),
            superslab: self.superslab.load(Ordering::Relaxed),
            mask,
            fresh,
        };
        Some(territory.open(claim, class, owner))
    }

    /// Gives what is left back and takes from another superslab; returns where the run starts.
    #[cold]
    fn restock<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        slabs: usize,
        extra: usize,
        grow: bool,
    ) -> Option<u64> {
        let is_off = territory.is_off(Off::RESERVE);
        let (claim, dirty) = territory.claim_with_extra(slabs, if is_off { 0 } else { extra }, grow)?;
        self.give_up(territory);
        self.zone.store(claim.zone, Ordering::Relaxed);
        self.superslab.store(claim.superslab, Ordering::Relaxed);
        let (records, base) = territory.whole_of(claim);
        // Without them it covers no span, so none comes back to it.
        self.records.set(if is_off { ptr::null() } else { records });
        self.base.set(base);
        self.dirty.set(dirty);
        self.free.store(claim.mask, Ordering::Relaxed);
        let used_before = run_starts(claim.mask & dirty, slabs);
        Some(if used_before != 0 { used_before } else { run_starts(claim.mask, slabs) })
    }

    /// Takes a span back, or leaves it to the pool; its slabs are in no span then.
    pub fn release<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab) {
        if !self.covers(slab) || slab.guarded.get() {
            territory.release_span(slab);
            return;
        }
        territory.forget_freed(slab);
        self.take_back(slab);
        if self.free.load(Ordering::Relaxed).count_ones() as usize > MOST_KEPT {
            self.give_up_all_but(territory, MOST_KEPT / 2);
        }
    }

    /// Gives slabs back to the pool, all but the lowest `kept`: what an idle thread keeps is kept from all.
    #[cold]
    fn give_up_all_but<P: PageProvider>(&self, territory: &Territory<P>, kept: usize) {
        let mut rest = self.free.load(Ordering::Relaxed);
        self.free.store(take_lowest(&mut rest, kept), Ordering::Relaxed);
        let (zone, superslab) = (self.zone.load(Ordering::Relaxed), self.superslab.load(Ordering::Relaxed));
        territory.return_slabs(zone, superslab, rest, self.dirty.get());
    }

    /// Takes a span back that it covers.
    pub fn take_back(&self, slab: &Slab) {
        let mask = low(slab.slabs.load(Ordering::Relaxed) as usize) << slab.index();
        slab.close();
        self.free.store(self.free.load(Ordering::Relaxed) | mask, Ordering::Relaxed);
        self.dirty.set(self.dirty.get() | mask);
    }

    /// Gives every slab back to the pool.
    pub fn give_up<P: PageProvider>(&self, territory: &Territory<P>) {
        let free = self.free.load(Ordering::Relaxed);
        self.free.store(0, Ordering::Relaxed);
        self.records.set(ptr::null());
        if free != 0 {
            territory.return_slabs(
                self.zone.load(Ordering::Relaxed),
                self.superslab.load(Ordering::Relaxed),
                free,
                self.dirty.get(),
            );
        }
    }
}

const _: () = assert!(SUPERSLAB_SLABS == 64, "a mask has a bit for every slab");
