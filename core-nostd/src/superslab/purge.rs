//! Free slabs give their pages back: those that have lain idle, and those beyond what the program was seen to
//! need again. No lock is held while the provider works.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ops::BitOr;
use core::ptr::NonNull;

use super::Territory;
use super::header::Has;
use super::pool::{Claim, Pool, PoolZone};
use crate::base::address::{align_down, align_up};
use crate::base::millis::Millis;
use crate::base::place::{Place, SuperSlabNumber};
use crate::base::slab_mask::SlabMask;
use crate::base::sync::Ordering;
use crate::config::geometry::{
    FAR, FAR_BYTES, META_RECORDS, META_REMOTE, META_WORDS, NEAR_BYTES, SLAB_BYTES, SUPERSLAB_SLABS, WORDS_BYTES,
};
use crate::pages::{PageProvider, Purged};
use crate::policy::growth::may_be_huge;
use crate::policy::retention::{is_due, least_surplus};

/// Bytes of a slab's record.
const RECORD_BYTES: usize = (META_REMOTE - META_RECORDS) / SUPERSLAB_SLABS;

/// Slabs of a superslab that are to be given back.
struct Kept {
    /// All of them.
    claim: Claim,
    /// Those whose pages are there.
    pages: SlabMask,
    /// Whether the next ones may be a huge one.
    huge_next: bool,
}

impl<P: PageProvider> Territory<P> {
    /// Gives back what has lain free for `delay`; returns bytes purged.
    pub fn purge(&self, delay: Millis) -> usize {
        let now = self.read_clock();
        self.release_spare_areas(now, delay);
        let mut purged = self.purge_areas(now, delay);
        let mut from = Place::FIRST;
        loop {
            let Some(kept) = self.pool.lock().claim_idle(from, now, delay) else {
                return purged;
            };
            let place = kept.claim.place;
            from = Place { superslab: place.superslab.behind(), ..place };
            purged += self.purge_kept(kept, now);
        }
    }

    /// True if the pool keeps more than it is allowed: a hint.
    #[inline(always)]
    pub fn has_surplus(&self) -> bool {
        self.surplus.load(Ordering::Relaxed)
    }

    /// Gives back what is more than allowed, the highest addresses first.
    #[cold]
    pub fn purge_surplus(&self) {
        if !self.surplus.swap(false, Ordering::Relaxed) {
            return;
        }
        let now = self.read_clock();
        self.release_spare_areas(now, Millis::ZERO);
        for whole in [true, false] {
            let mut below = Place::END;
            loop {
                let Some(kept) = self.informed_pool().claim_surplus(below, whole, now) else {
                    break;
                };
                below = kept.claim.place;
                self.purge_kept(kept, now);
            }
        }
        self.purge_surplus_areas(now);
    }

    fn purge_kept(&self, mut kept: Kept, now: Millis) -> usize {
        let claim = kept.claim;
        let Place { zone, superslab } = claim.place;
        let zone = self.zones.get(zone);
        let part = |base: *mut u8, each| (base.wrapping_add(superslab.index() * SUPERSLAB_SLABS * each), each);
        let blocks = part(zone.base(), SLAB_BYTES);
        let live = || self.live_maps().map(|map| part(zone.map(map), SLAB_BYTES >> map.shift()));
        let words = zone.meta(superslab).wrapping_add(META_WORDS);
        let mut zeroed = SlabMask::NONE;
        whole_pages(kept.pages, claim.mask, self.provider.page_bytes()).for_each_run(|start, length| {
            if self.purge_slabs(blocks, start, length) {
                zeroed |= SlabMask::run(start, length);
            }
        });
        kept.pages.for_each_run(|start, length| {
            if !claim.mask.is_all() {
                // No block of these is out, so their live maps and words are zero.
                live().for_each(|map| _ = self.purge_slabs(map, start, length));
                self.purge_slabs((words, NEAR_BYTES), start, length);
                self.purge_slabs((words.wrapping_add(FAR), FAR_BYTES), start, length);
            }
        });
        if claim.mask.is_all() {
            // As above. The remote words stand behind the others; the remote records may be queued still.
            live().for_each(|map| _ = self.purge_slabs(map, 0, SUPERSLAB_SLABS));
            self.purge_slabs((words, WORDS_BYTES), 0, 2 * SUPERSLAB_SLABS);
            // SAFETY: the pool's superslabs are committed.
            unsafe { zone.keep_formers(superslab) };
            self.purge_slabs((zone.meta(superslab).wrapping_add(META_RECORDS), RECORD_BYTES), 0, SUPERSLAB_SLABS);
        }
        let huge = kept.huge_next && self.huge_pages.load(Ordering::Relaxed);
        kept.huge_next = self.choose_pages(claim.place, huge) && claim.mask.is_all();
        let mut pool = self.pool.lock();
        pool.end_purge(&kept, zeroed, now);
        self.note_reusable(&pool);
        (zeroed & kept.pages).count() * SLAB_BYTES
    }

    /// Gives the whole pages back of what `length` slabs from the first'th on have, `each` bytes a slab; true if
    /// they read as zero now.
    fn purge_slabs(&self, (base, each): (*mut u8, usize), first: usize, length: usize) -> bool {
        let page = self.provider.page_bytes();
        let start = align_up(base.wrapping_add(first * each), page);
        let end = align_down(base.wrapping_add((first + length) * each), page);
        let bytes = end.addr().saturating_sub(start.addr());
        let Some(run) = NonNull::new(start).filter(|_| bytes > 0) else {
            return false;
        };
        // SAFETY: committed, as the pool knows it, and claimed by the caller.
        unsafe { self.provider.purge(run, bytes) == Purged::Zeroed }
    }
}

/// Slabs whose pages can go: a page may be longer than a slab, and goes if every slab of it is `claimed` and one
/// was kept.
fn whole_pages(kept: SlabMask, claimed: SlabMask, page: usize) -> SlabMask {
    let slabs = page / SLAB_BYTES;
    if slabs <= 1 {
        return kept;
    }
    let pages = (0..SUPERSLAB_SLABS).step_by(slabs).map(|first| SlabMask::run(first, slabs));
    let pages = pages.filter(|&page| !(kept & page).is_empty() && claimed & page == page);
    pages.fold(SlabMask::NONE, SlabMask::bitor)
}

impl Pool {
    /// Free slabs whose pages are there, beyond those that are allowed.
    pub fn surplus(&mut self) -> usize {
        let (used, kept) = self.used_and_kept();
        self.allowance.fallen(used);
        self.see_peak(used);
        self.allowance.surplus(kept, used, self.most())
    }

    /// True if there would be some, were so many more free.
    pub fn would_be_surplus(&self, slabs: usize) -> bool {
        let (used, kept) = self.used_and_kept();
        self.allowance.is_surplus_to_make(kept + slabs, used.saturating_sub(slabs), self.most())
    }

    fn present(&self) -> usize {
        self.zones.first(self.count).map(PoolZone::present).sum()
    }

    /// Takes the free, dirty slabs of one superslab that has been left alone for `delay`, at or after
    /// `from`, so that they can be purged without the lock; all 64, if all are free.
    fn claim_idle(&mut self, from: Place, now: Millis, delay: Millis) -> Option<Kept> {
        for number in self.numbers().filter(|&number| number >= from.zone) {
            let start = if number == from.zone { from.superslab } else { SuperSlabNumber::FIRST };
            let zone = &mut self.zones[number];
            let mut superslabs = zone.all(Has::Kept, start);
            if let Some(superslab) = superslabs.find(|&at| is_due(now, zone.header(at).touched, delay)) {
                let kept = self.claim_kept(Place { zone: number, superslab });
                self.allowance.unused(kept.pages.count());
                return Some(kept);
            }
        }
        None
    }

    /// The same of the last superslab before `below` that is free as a `whole`, or else has enough of them, while
    /// there is a surplus.
    fn claim_surplus(&mut self, below: Place, whole: bool, now: Millis) -> Option<Kept> {
        if self.surplus() == 0 {
            return None;
        }
        let (used, all) = (self.used_and_kept().0, self.present() * SUPERSLAB_SLABS);
        for number in self.numbers().rev().filter(|&number| number <= below.zone) {
            let zone = &mut self.zones[number];
            let mut end =
                if number == below.zone { below.superslab.index().min(zone.committed) } else { zone.committed };
            while let Some(superslab) = zone.last(Has::Kept, end) {
                let header = zone.header(superslab);
                let enough = header.kept().count() >= least_surplus(superslab, used, all);
                if header.free.is_all() || !whole && enough {
                    let kept = self.claim_kept(Place { zone: number, superslab });
                    self.allowance.gone(kept.pages.count(), now);
                    return Some(kept);
                }
                end = superslab.index();
            }
        }
        None
    }

    fn claim_kept(&mut self, place: Place) -> Kept {
        let header = self.header(place);
        let (pages, huge, is_whole) = (header.kept(), header.huge, header.free.is_all());
        let again = header.whole && may_be_huge(place.superslab);
        let mask = if is_whole { SlabMask::ALL } else { pages };
        self.zones[place.zone].change(place.superslab, |header| header.free &= !mask);
        let claim = Claim { place, mask, fresh: false };
        Kept { claim, pages, huge_next: is_whole && (huge || again) }
    }

    /// Ends a purge: the slabs are free again, and clean those that are `zeroed`.
    fn end_purge(&mut self, kept: &Kept, zeroed: SlabMask, now: Millis) {
        let Claim { place, mask, .. } = kept.claim;
        self.zones[place.zone].change(place.superslab, |header| {
            header.free |= mask;
            header.huge = kept.huge_next;
            header.whole &= !mask.is_all();
            header.dirty &= !zeroed;
            if !(header.dirty & mask).is_empty() {
                header.touched = now;
            }
        });
    }
}
