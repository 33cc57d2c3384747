//! Growth: zones are found, and their superslabs claimed, without a lock.
//!
//! Nothing is held in advance: what a zone has no superslab for may be anybody's. Who needs more claims, one after the
//! other, maps, metadata and blocks of what follows, and makes it available under the pool's lock. Threads that
//! grow at the same time claim the same part, of which one gets it; whoever comes second finds that it is there. A
//! fork in the middle of it leaves the child nothing to mend: what it does not know of it takes for somebody else's.
//!
//! `tiny-map`: blocks of 8 bytes have a live map that is an eighth of all addresses. It is claimed when the first of them is
//! wanted, for all superslabs that there are, and with each further one from then on; where that was refused, 16 bytes
//! serve, for good.
//!
//! Where somebody else lies in the way of blocks, these superslabs are skipped: what is known of them is there, and says
//! that they hold no block, so that the zone's other blocks stay on the fast path, which has no instruction for this.
//! Where that is too much to skip, or what is known of blocks has no room, the zone is closed and another one begins.

#![allow(unsafe_code, reason = "commits parts of zones")]

use core::ops::Range;
use core::ptr::{self, NonNull};

use super::Territory;
use super::claims::Extent;
use super::part::{Ends, Part};
use super::plan::Plan;
use super::pool::Pool;
use super::zone::Zone;
use crate::base::place::{SuperSlabNumber, ZoneNumber};
use crate::base::sync::Ordering;
use crate::config::geometry::{META_HEADERS, META_SPARE, SUPERSLAB_BYTES};
use crate::config::map::Map;
use crate::pages::{PageProvider, Refused};
use crate::policy::growth::{FIRST_STEP, step};

/// Of what is known of them, what is little is claimed for so many superslabs at a time, which saves calls.
const AHEAD: usize = 4;
/// Superslabs that may be skipped at once. What is known of them costs addresses.
const MOST_SKIPPED: usize = 64;

impl<P: PageProvider> Territory<P> {
    /// Grows the pool until it is enough; false when the provider has no more.
    #[inline(never)]
    pub(super) fn grow_until(&self, mut enough: impl FnMut(&mut Pool) -> bool) -> bool {
        loop {
            let mut pool = self.pool.lock();
            if enough(&mut pool) {
                return true;
            }
            let before = pool.extent();
            drop(pool);
            if !self.grow(before) {
                let mut pool = self.pool.lock();
                // Somebody may have grown it meanwhile, or given back.
                if pool.extent() == before {
                    return enough(&mut pool);
                }
            }
        }
    }

    /// Makes sure that the pool had a free run of so many slabs a moment ago; false if memory is out. For
    /// callers that hold a lock when they claim.
    #[inline(never)]
    pub fn provide(&self, slabs: usize) -> bool {
        self.grow_until(|pool| pool.fits(slabs))
    }

    /// One step more than `before`, or a zone that is closed; false when the provider has none.
    #[cold]
    fn grow(&self, before: Extent) -> bool {
        let last = ZoneNumber::first(before.zones).next_back();
        let Some(last) = last.filter(|_| before.room > 0) else {
            return ZoneNumber::new(before.zones).is_some_and(|next| self.add_zone(next));
        };
        self.read_clock();
        let mut step = step(before.committed).min(before.room);
        loop {
            match self.extend(last, before.committed, step) {
                Ok(()) => return true,
                Err(_) if step > 1 => step /= 2,
                Err(Refused::Memory) => return false,
                Err(Refused::Occupied) => {
                    self.pool.lock().close(last, before.committed);
                    return true;
                }
            }
        }
    }

    /// So many superslabs more than `from`.
    fn extend(&self, number: ZoneNumber, from: usize, more: usize) -> Result<(), Refused> {
        self.claim_known(number, from + more)?;
        match self.claim_part(number, Part::Blocks, from + more) {
            Ok(()) => self.make_available(number),
            Err(Refused::Occupied) if more == 1 => self.skip(number, from),
            refused => refused,
        }
    }

    /// True of what is claimed of superslabs.
    fn is_claimed(&self, part: Part) -> bool {
        part != Part::Tiny || self.has_tiny()
    }

    /// True if what is about to be available lacks its part of the map of blocks of 8 bytes, of which the first came
    /// while it was claimed.
    fn lacks_tiny(&self, pool: &mut Pool, number: ZoneNumber, end: usize) -> bool {
        self.has_tiny() && pool.claimed(number, Part::Tiny) < end
    }

    /// True if every superslab has its part of the live map of blocks of 8 bytes where those are served (`tiny-map`).
    pub fn is_tiny_whole(&self) -> bool {
        let mut pool = self.pool.lock();
        let Extent { zones, committed, .. } = pool.extent();
        let last = ZoneNumber::first(zones).next_back();
        !self.has_tiny() || last.is_none_or(|last| pool.claimed(last, Part::Tiny) >= committed)
    }

    /// The first block of 8 bytes: claims their live map, for what there is of the one zone. False, once and for all, if it
    /// cannot be had.
    #[cold]
    pub(super) fn begin_tiny(&self) -> bool {
        let first = ZoneNumber::FIRST;
        if self.zones.count() == 0 && !self.provide(1) {
            return false;
        }
        let zone = self.zones.first();
        while self.zones.count() == 1
            && !zone.map(Map::Tiny).is_null()
            && self.claim_part(first, Part::Tiny, zone.superslabs()).is_ok()
        {
            let mut pool = self.pool.lock();
            // Whoever grows it, or adds a zone, does so by this lock.
            if pool.extent().zones == 1 && pool.claimed(first, Part::Tiny) >= pool.extent().committed {
                return self.decide_tiny(true);
            }
        }
        self.decide_tiny(false)
    }

    /// What is known of the superslabs below `end`, and of a few more where that is little.
    fn claim_known(&self, number: ZoneNumber, end: usize) -> Result<(), Refused> {
        let most = self.pool.lock().superslabs_of(number).max(end);
        self.claim(
            number,
            &Part::ALL.map(|part| match part {
                Part::Blocks => 0,
                _ if !self.is_claimed(part) => 0,
                _ if part.is_small() => end.next_multiple_of(AHEAD).min(most),
                _ => end,
            }),
        )
    }

    fn claim_part(&self, number: ZoneNumber, part: Part, end: usize) -> Result<(), Refused> {
        self.claim(number, &Part::ALL.map(|other| if other == part { end } else { 0 }))
    }

    /// Claims what parts of a zone lack below their `ends`. `Occupied` if somebody else lies there, and it is no thread
    /// of ours.
    #[inline(never)]
    fn claim(&self, number: ZoneNumber, ends: &Ends) -> Result<(), Refused> {
        let zone = self.zones.get(number);
        loop {
            let Some((part, lacking)) = self.pool.lock().begin_claim(number, ends) else { return Ok(()) };
            let answer = self.commit(zone, part, lacking.start, lacking.end);
            let mut pool = self.pool.lock();
            let others_claim = pool.end_claim();
            if pool.claimed(number, part) == lacking.start {
                match answer {
                    Ok(()) => self.enter(&mut pool, number, part, lacking),
                    // It may be one of them that lies there.
                    Err(Refused::Occupied) if others_claim => {
                        drop(pool);
                        P::relax();
                    }
                    refused => return refused,
                }
            }
        }
    }

    fn commit(&self, zone: &Zone, part: Part, start: usize, end: usize) -> Result<(), Refused> {
        let (first, bytes) = zone.part(part, start, end, self.provider.page_bytes());
        if bytes == 0 {
            return Ok(());
        }
        let Some(first) = NonNull::new(first) else { return Err(Refused::Occupied) };
        // SAFETY: the part lies within the zone's run.
        unsafe { self.provider.commit(first, bytes) }
    }

    /// A part is there, and every thread that grows knows it from now on.
    #[inline(never)]
    fn enter(&self, pool: &mut Pool, number: ZoneNumber, part: Part, claimed: Range<usize>) {
        let (first, bytes) = self.zones.get(number).part(part, claimed.start, claimed.end, self.provider.page_bytes());
        if let Some(first) = NonNull::new(first).filter(|_| bytes > 0) {
            self.provider.dedicate(first, bytes, part.users());
        }
        pool.enter(number, part, claimed.end);
        if part == Part::Blocks {
            let huge = pool.pace.earns_huge_pages(claimed.start, self.tailed.swap(0, Ordering::Relaxed), self.recent());
            pool.claims.huge = huge && self.huge_pages.load(Ordering::Relaxed);
        }
    }

    /// Makes the superslabs that were claimed last available, whoever claimed them.
    fn make_available(&self, number: ZoneNumber) -> Result<(), Refused> {
        let (new, huge) = self.pool.lock().claimed_last(number);
        if new.is_empty() {
            return Ok(());
        }
        let (first, bytes) = self.zones.get(number).part(Part::Blocks, new.start, new.end, self.provider.page_bytes());
        if huge && let Some(first) = NonNull::new(first) {
            // SAFETY: claimed, and never given back.
            unsafe { self.provider.prefer_huge_pages(first, bytes) };
        }
        loop {
            let mut pool = self.pool.lock();
            if pool.claimed_last(number) != (new.clone(), huge) {
                return Ok(());
            }
            if !self.lacks_tiny(&mut pool, number, new.end) {
                self.publish(&mut pool, number, &new, huge);
                return Ok(());
            }
            drop(pool);
            self.claim_part(number, Part::Tiny, new.end)?;
        }
    }

    /// The pool and the zone have these superslabs from now on; those before them that they had not are absent.
    fn publish(&self, pool: &mut Pool, number: ZoneNumber, new: &Range<usize>, huge: bool) {
        if !new.is_empty() {
            self.zones.get(number).set_committed(new);
            pool.add_superslabs(number, new.clone(), huge, self.recent());
        }
    }

    /// Somebody else lies at superslab `from`: one behind that is claimed, and those between hold no blocks.
    fn skip(&self, number: ZoneNumber, from: usize) -> Result<(), Refused> {
        let zone = self.zones.get(number);
        let room = self.pool.lock().superslabs_of(number).saturating_sub(from);
        let mut skipped = 1;
        while skipped < room.min(MOST_SKIPPED + 1) {
            let (start, end) = (from + skipped, from + skipped + 1);
            self.claim_known(number, end)?;
            match self.commit(zone, Part::Blocks, start, end) {
                Ok(()) => {
                    let mut pool = self.pool.lock();
                    if pool.claimed_last(number).0 == (from..from) && !self.lacks_tiny(&mut pool, number, end) {
                        self.enter(&mut pool, number, Part::Blocks, start..end);
                        self.publish(&mut pool, number, &(start..end), false);
                        return Ok(());
                    }
                    drop(pool);
                    let (first, bytes) = zone.part(Part::Blocks, start, end, self.provider.page_bytes());
                    if let Some(first) = NonNull::new(first) {
                        // SAFETY: committed just now, and nobody has seen it.
                        unsafe { self.provider.release(first, bytes) };
                    }
                    return Ok(());
                }
                Err(Refused::Occupied) => skipped *= 2,
                Err(Refused::Memory) => return Err(Refused::Memory),
            }
        }
        Err(Refused::Occupied)
    }

    /// One zone more, with its first superslabs.
    fn add_zone(&self, number: ZoneNumber) -> bool {
        let mut superslabs = (self.provider.zone_bytes() / SUPERSLAB_BYTES).max(1);
        loop {
            let tiny = self.has_tiny();
            let plan = Plan::new(superslabs, self.provider.page_bytes(), !self.provider.addresses_are_memory());
            // Where not even the first step is to be had, a smaller one may be, later.
            for first in [FIRST_STEP.min(superslabs), 0] {
                let parts = plan.parts(first, tiny);
                // SAFETY: the plan's parts are the plan's.
                let run = unsafe { self.provider.reserve_with(plan.bytes, SUPERSLAB_BYTES, &parts) };
                let Some(run) = run else { continue };
                if !self.publish_zone(number, run, &plan, superslabs, first, tiny) {
                    // SAFETY: reserved just now, seen by nobody.
                    unsafe { self.provider.release_with(run, plan.bytes, &parts) };
                }
                return true;
            }
            if superslabs == 1 {
                return false;
            }
            superslabs /= 2;
        }
    }

    /// Makes a run the next zone; false if somebody was faster.
    fn publish_zone(
        &self,
        number: ZoneNumber,
        run: NonNull<u8>,
        plan: &Plan,
        superslabs: usize,
        first: usize,
        tiny: bool,
    ) -> bool {
        let at = |offset| run.as_ptr().wrapping_add(offset);
        let mut pool = self.pool.lock();
        if pool.extent().zones != number.index() || self.has_tiny() != tiny {
            return false;
        }
        if let Some(index) = NonNull::new(at(plan.meta_end)).filter(|_| plan.index_bytes > 0) {
            self.provider.dedicate(index, plan.index_bytes, Part::Meta.users());
        }
        pool.add_zone(number, at(plan.meta_end), superslabs);
        let maps = plan.maps().map(|offset| offset.map_or(ptr::null_mut(), at));
        self.zones.publish(number, at(plan.base), maps, at(plan.meta_end));
        for part in Part::ALL.into_iter().filter(|&part| first > 0 && self.is_claimed(part)) {
            self.enter(&mut pool, number, part, 0..first);
        }
        self.publish(&mut pool, number, &(0..first), false);
        drop(pool);
        if number == ZoneNumber::FIRST && first > 0 {
            let spare = self.zones.first().meta(SuperSlabNumber::FIRST).wrapping_add(META_SPARE);
            // SAFETY: committed, zero, and nobody's: headers and index stand behind it.
            unsafe { self.store.offer(spare, META_HEADERS - META_SPARE) };
        }
        true
    }
}
