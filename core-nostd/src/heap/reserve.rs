//! Slabs that a heap holds in advance, all of one superslab: spans come and go without the pool's lock.
//!
//! `reserve`: the slabs of a heap's reserve are in no span and not free in the pool; the reserve's owner
//! alone changes the masks, others only count them.

#![allow(unsafe_code, reason = "reaches slab records through a pointer")]

use core::ptr;

use crate::base::place::Place;
use crate::base::slab_mask::SlabMask;
use crate::base::sync::{AtomicU64, Cell, Ordering};
use crate::config::flags::Off;
use crate::config::geometry::SLAB_SHIFT;
use crate::pages::PageProvider;
use crate::slab::listing::FULL;
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
    dirty: Cell<SlabMask>,
    records: Cell<*const Slab>,
    base: Cell<*mut u8>,
    place: Cell<Place>,
}

impl Reserve {
    /// The slabs that it has.
    pub fn slabs(&self) -> SlabMask {
        SlabMask::new(self.free.load(Ordering::Relaxed))
    }

    fn set_slabs(&self, slabs: SlabMask) {
        self.free.store(slabs.bits(), Ordering::Relaxed);
    }

    /// Where they are: for its owner, and the audit.
    pub fn place(&self) -> Place {
        self.place.get()
    }

    /// True if it has a run of slabs that were used before, so that taking it touches no new page.
    pub fn has_used(&self, slabs: usize) -> bool {
        !(self.slabs() & self.dirty.get()).run_starts(slabs).is_empty()
    }

    /// A span of slabs that were used before, no block of it out; `None` if there is no such run.
    pub fn reopen<'a>(&self, class: SizeClass, slabs: usize, owner: *const Mailbox) -> Option<&'a Slab> {
        let free = self.slabs();
        let starts = (free & self.dirty.get()).run_starts(slabs);
        if starts.is_empty() {
            return None;
        }
        let first = starts.first();
        self.set_slabs(free & !SlabMask::run(first, slabs));
        // SAFETY: `reserve`: a superslab that has slabs here is committed, so it has 64 records.
        let slab = unsafe { &*self.records.get().add(first) };
        slab.base.store(self.base.get().wrapping_add(first << SLAB_SHIFT), Ordering::Relaxed);
        slab.slabs.store(slabs as u8, Ordering::Relaxed);
        slab.set_listing(FULL);
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
        let free = self.slabs();
        let mut starts = (free & self.dirty.get()).run_starts(slabs);
        // Pages that are there already, be they the pool's, before new ones.
        if starts.is_empty() && territory.reusable() == 0 {
            starts = free.run_starts(slabs);
        }
        if starts.is_empty() {
            starts = self.restock(territory, slabs, spans.min(MOST_EXTRA), grow)?;
        }
        let first = starts.first();
        let mask = SlabMask::run(first, slabs);
        self.set_slabs(self.slabs() & !mask);
        let fresh = (self.dirty.get() & mask).is_empty();
        let claim = Claim { place: self.place(), mask, fresh };
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
    ) -> Option<SlabMask> {
        let is_off = territory.is_off(Off::RESERVE);
        let (claim, dirty) = territory.claim_with_extra(slabs, if is_off { 0 } else { extra }, grow)?;
        self.give_up(territory);
        self.place.set(claim.place);
        let (records, base) = territory.whole_of(claim);
        // Without them it covers no span, so none comes back to it.
        self.records.set(if is_off { ptr::null() } else { records });
        self.base.set(base);
        self.dirty.set(dirty);
        self.set_slabs(claim.mask);
        let used_before = (claim.mask & dirty).run_starts(slabs);
        Some(if used_before.is_empty() { claim.mask.run_starts(slabs) } else { used_before })
    }

    /// Takes a span back, or leaves it to the pool; its slabs are in no span then.
    pub fn release<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab) {
        if !self.covers(slab) || slab.guarded.get() {
            territory.release_span(slab);
            return;
        }
        territory.end_span(slab);
        self.take_back(slab);
        if self.slabs().count() > MOST_KEPT {
            self.give_up_all_but(territory, MOST_KEPT / 2);
        }
    }

    /// Gives slabs back to the pool, all but the lowest `kept`: what an idle thread keeps is kept from all.
    #[cold]
    fn give_up_all_but<P: PageProvider>(&self, territory: &Territory<P>, kept: usize) {
        let mut rest = self.slabs();
        self.set_slabs(rest.take_lowest(kept));
        territory.return_slabs(self.place(), rest, self.dirty.get());
    }

    /// Takes a span back that it covers.
    pub fn take_back(&self, slab: &Slab) {
        let mask = slab.mask();
        slab.close();
        self.set_slabs(self.slabs() | mask);
        self.dirty.set(self.dirty.get() | mask);
    }

    /// Gives every slab back to the pool.
    pub fn give_up<P: PageProvider>(&self, territory: &Territory<P>) {
        let free = self.slabs();
        self.set_slabs(SlabMask::NONE);
        self.records.set(ptr::null());
        if !free.is_empty() {
            territory.return_slabs(self.place(), free, self.dirty.get());
        }
    }
}
