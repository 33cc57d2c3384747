//! Guards: slabs behind spans that nobody can reach, so that who writes on and on from a block dies at its span's end.
//!
//! `guard-slab`: a slab is in its superslab's `guards` iff it is forbidden; it is in no span and not free. The span
//! before it, if there is one, has `guarded`, else it is `spare`: the next span that fits before it has it, without a
//! call of the provider, and now and then those that are left are permitted again and go back to the pool.

#![allow(unsafe_code, reason = "forbids and permits parts of a zone")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::{Claim, Pool, Wish, pick};
use crate::base::millis::Millis;
use crate::base::place::{Place, SuperSlabNumber};
use crate::base::slab_mask::SlabMask;
use crate::config::flags::Harden;
use crate::config::geometry::SLAB_BYTES;
use crate::pages::PageProvider;
use crate::slab::{Mailbox, SizeClass, Slab};

impl<P: PageProvider> Territory<P> {
    /// A span with a guard behind it where there may be one; with `grow` the provider may be called.
    #[cold]
    pub fn claim_guarded(
        &self,
        class: SizeClass,
        slabs: usize,
        align: usize,
        owner: *const Mailbox,
        grow: bool,
    ) -> Option<&Slab> {
        if let Some((claim, _)) = self.claim_by(false, Wish::BeforeSpare(slabs, align)) {
            return Some(self.open_guarded(claim, class, owner));
        }
        if grow && slabs < 64 && self.measures.guards.add() {
            let Some((claim, _)) = self.claim_by(true, Wish::Run(slabs + 1, align)) else {
                self.measures.guards.remove();
                let (claim, _) = self.claim_by(true, Wish::Run(slabs, align))?;
                return Some(self.open(claim, class, owner));
            };
            let mask = claim.mask & claim.mask >> 1;
            let (whole, guard) = (Claim { mask, ..claim }, claim.mask & !mask);
            if self.guard(claim, guard) {
                self.pool.lock().change_guards(claim.place, guard, SlabMask::NONE);
                return Some(self.open_guarded(whole, class, owner));
            }
            self.measures.guards.refused();
            self.return_slabs(claim.place, guard, SlabMask::NONE);
            return Some(self.open(whole, class, owner));
        }
        let (claim, _) = self.claim_by(grow, Wish::Run(slabs, align))?;
        Some(self.open(claim, class, owner))
    }

    fn open_guarded(&self, claim: Claim, class: SizeClass, owner: *const Mailbox) -> &Slab {
        let slab = self.open(claim, class, owner);
        slab.guarded.set(true);
        slab
    }

    fn slab_at(&self, place: Place, guard: SlabMask) -> Option<NonNull<u8>> {
        let offset = place.superslab.offset() + guard.first() * SLAB_BYTES;
        NonNull::new(self.zones.get(place.zone).base().wrapping_add(offset))
    }

    /// Forbids a claimed slab; what it held goes back first.
    fn guard(&self, claim: Claim, guard: SlabMask) -> bool {
        let Some(start) = self.slab_at(claim.place, guard) else { return false };
        // A page that is larger than a slab would take others' with it.
        if !SLAB_BYTES.is_multiple_of(self.provider.page_bytes()) {
            return false;
        }
        if !claim.fresh {
            // SAFETY: claimed just now, of a committed superslab. It stays dirty, which at worst it is not.
            unsafe { self.provider.purge(start, SLAB_BYTES) };
        }
        // SAFETY: as above.
        unsafe { self.provider.guard(start, SLAB_BYTES) }
    }

    /// Its span ends: a guard is spare now.
    pub(super) fn spare_guard(&self, place: Place, span: SlabMask) {
        let guard = (span << 1) & !span;
        let mut pool = self.pool.lock();
        pool.header(place).spare |= guard;
        pool.spare += 1;
    }

    /// Permits all spare guards, which go back to the pool; true if there was one. No lock is held.
    pub fn permit_spares(&self) -> bool {
        if !self.measures.has(Harden::GUARD_SLABS) {
            return false;
        }
        let mut any = false;
        loop {
            let Some((place, guard)) = self.pool.lock().take_spare() else { return any };
            // SAFETY: a guard is forbidden (`guard-slab`), and this one is in nobody's hands.
            let permitted =
                self.slab_at(place, guard).is_some_and(|at| unsafe { self.provider.unguard(at, SLAB_BYTES) });
            if !permitted {
                self.pool.lock().put_spare(place, guard);
                return any;
            }
            self.pool.lock().change_guards(place, SlabMask::NONE, guard);
            self.measures.guards.remove();
            self.return_slabs(place, guard, SlabMask::NONE);
            any = true;
        }
    }
}

impl Pool {
    fn change_guards(&mut self, place: Place, more: SlabMask, fewer: SlabMask) {
        let header = self.header(place);
        header.guards = header.guards & !fewer | more;
    }

    /// A run of free slabs before a spare guard, which is the run's then.
    pub(super) fn claim_before_spare(&mut self, slabs: usize, align: usize, now: Millis) -> Option<Claim> {
        if self.spare == 0 || slabs > 63 {
            return None;
        }
        for number in self.numbers() {
            let zone = &mut self.zones[number];
            for superslab in SuperSlabNumber::first(zone.committed) {
                let header = zone.header(superslab);
                let starts = header.free.run_starts(slabs) & header.spare >> slabs & SlabMask::multiples(align);
                if !starts.is_empty() {
                    let first = pick(starts, self.dice.as_ref());
                    header.spare &= !SlabMask::one(first + slabs);
                    self.spare -= 1;
                    let claim = zone.take(Place { zone: number, superslab }, SlabMask::run(first, slabs), now);
                    let missing = claim.mask & !zone.header(superslab).resident();
                    self.allowance.needed(missing.count(), now);
                    return Some(claim);
                }
            }
        }
        None
    }

    /// Takes a spare guard out; where it is, and its bit.
    fn take_spare(&mut self) -> Option<(Place, SlabMask)> {
        if self.spare == 0 {
            return None;
        }
        for number in self.numbers() {
            let zone = &mut self.zones[number];
            for superslab in SuperSlabNumber::first(zone.committed) {
                let header = zone.header(superslab);
                if !header.spare.is_empty() {
                    self.spare -= 1;
                    return Some((Place { zone: number, superslab }, header.spare.take_lowest(1)));
                }
            }
        }
        None
    }

    fn put_spare(&mut self, place: Place, guard: SlabMask) {
        self.header(place).spare |= guard;
        self.spare += 1;
    }
}
