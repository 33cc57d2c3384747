//! Free slabs give their pages back: those that have lain idle, and those beyond what the program was seen to
//! need again. No lock is held while the provider works.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::{Claim, Pool, REUSE};
use crate::base::address::{align_down, align_up};
use crate::base::bits::{for_each_run, low};
use crate::base::sync::Ordering;
use crate::config::geometry::{
    GRANULE_SHIFT, META_RECORDS, META_REMOTE, META_WORDS, SLAB_BYTES, SUPERSLAB_SLABS, WORDS_BYTES, ZONES,
};
use crate::pages::{PageProvider, Purged};
use crate::policy::retention::{is_due, least_surplus, may_be_huge};

/// Bytes of a slab's live map, and of its record.
const SLAB_LIVE_BYTES: usize = SLAB_BYTES >> GRANULE_SHIFT;
const RECORD_BYTES: usize = (META_REMOTE - META_RECORDS) / SUPERSLAB_SLABS;

/// Slabs of a superslab that are to be given back.
struct Kept {
    /// All of them.
    claim: Claim,
    /// Those whose pages are there.
    pages: u64,
    /// Whether the next ones may be a huge one.
    huge_next: bool,
}

impl<P: PageProvider> Territory<P> {
    /// Gives back what has lain free for `delay_ms`; returns bytes purged.
    pub fn purge(&self, delay_ms: u64) -> usize {
        let now = self.read_clock();
        let mut purged = 0;
        let mut from = (0, 0);
        loop {
            let Some(kept) = self.pool.lock().claim_idle(from, now, delay_ms) else {
                return purged;
            };
            from = (kept.claim.zone, kept.claim.superslab + 1);
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
        for whole in [true, false] {
            let mut below = (ZONES, 0);
            loop {
                let Some(kept) = self.pool.lock().claim_surplus(below, whole, now) else {
                    break;
                };
                below = (kept.claim.zone, kept.claim.superslab);
                self.purge_kept(kept, now);
            }
        }
    }

    fn purge_kept(&self, mut kept: Kept, now_ms: u64) -> usize {
        let claim = kept.claim;
        let zone = self.zones.get(claim.zone);
        let part = |base: *mut u8, each| (base.wrapping_add(claim.superslab * SUPERSLAB_SLABS * each), each);
        let (blocks, live) = (part(zone.base(), SLAB_BYTES), part(zone.live_base(), SLAB_LIVE_BYTES));
        let words = (zone.meta(claim.superslab).wrapping_add(META_WORDS), WORDS_BYTES);
        let mut zeroed = 0;
        for_each_run(whole_pages(kept.pages, claim.mask, self.provider.page_bytes()), |start, length| {
            if self.purge_slabs(blocks, start, length) {
                zeroed |= low(length) << start;
            }
        });
        for_each_run(kept.pages, |start, length| {
            if claim.mask != u64::MAX {
                // No block of these is out, so their live map and words are zero.
                self.purge_slabs(live, start, length);
                self.purge_slabs(words, start, length);
            }
        });
        if claim.mask == u64::MAX {
            // As above. The remote words stand behind the others; the remote records may be queued still.
            self.purge_slabs(live, 0, SUPERSLAB_SLABS);
            self.purge_slabs(words, 0, 2 * SUPERSLAB_SLABS);
            // SAFETY: the pool's superslabs are committed.
            unsafe { zone.keep_formers(claim.superslab) };
            self.purge_slabs((zone.meta(claim.superslab).wrapping_add(META_RECORDS), RECORD_BYTES), 0, SUPERSLAB_SLABS);
        }
        let huge = kept.huge_next && self.huge_pages.load(Ordering::Relaxed);
        kept.huge_next = self.choose_pages(claim, huge) && claim.mask == u64::MAX;
        self.pool.lock().end_purge(&kept, zeroed, now_ms);
        (zeroed & kept.pages).count_ones() as usize * SLAB_BYTES
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
fn whole_pages(kept: u64, claimed: u64, page: usize) -> u64 {
    let slabs = page / SLAB_BYTES;
    if slabs <= 1 {
        return kept;
    }
    let pages = (0..SUPERSLAB_SLABS).step_by(slabs).map(|first| low(slabs) << first);
    pages.filter(|page| kept & page != 0 && claimed & page == *page).fold(0, |pages, page| pages | page)
}

impl Pool {
    /// Free slabs whose pages are there, beyond those that are allowed.
    pub fn surplus(&mut self) -> usize {
        let (used, kept) = self.used_and_kept();
        self.allowance.fallen(used);
        self.allowance.surplus(kept, used, self.most)
    }

    /// True if there would be some, were so many more free.
    pub fn would_be_surplus(&self, slabs: usize) -> bool {
        let (used, kept) = self.used_and_kept();
        self.allowance.is_surplus_to_make(kept + slabs, used.saturating_sub(slabs), self.most)
    }

    fn committed(&self) -> usize {
        self.zones.iter().take(self.count).map(|zone| zone.committed).sum()
    }

    /// Takes the free, dirty slabs of one superslab that has been left alone for `delay_ms`, at or after
    /// `from` (zone, superslab), so that they can be purged without the lock; all 64, if all are free.
    fn claim_idle(&mut self, from: (usize, usize), now_ms: u64, delay_ms: u64) -> Option<Kept> {
        let (mut number, mut start) = from;
        while number < self.count {
            let zone = &mut self.zones[number % ZONES];
            for at in start / 64..zone.committed.div_ceil(64) {
                let mut word = zone.word(at, REUSE);
                if at == start / 64 {
                    word &= !low(start % 64);
                }
                while word != 0 {
                    let superslab = at * 64 + word.trailing_zeros() as usize;
                    word &= word - 1;
                    if is_due(now_ms, zone.header(superslab).touched_ms, delay_ms) {
                        let kept = self.claim_kept(number, superslab);
                        self.allowance.unused(kept.pages.count_ones() as usize);
                        return Some(kept);
                    }
                }
            }
            (number, start) = (number + 1, 0);
        }
        self.allowance.forget(now_ms, delay_ms);
        None
    }

    /// The same of the last superslab before `below` that is free as a `whole`, or else has enough of them, while
    /// there is a surplus.
    fn claim_surplus(&mut self, below: (usize, usize), whole: bool, now_ms: u64) -> Option<Kept> {
        if self.surplus() == 0 {
            return None;
        }
        let (used, all) = (self.used_and_kept().0, self.committed() * SUPERSLAB_SLABS);
        for number in (0..self.count).rev().filter(|&number| number <= below.0) {
            let zone = &mut self.zones[number % ZONES];
            let end = if number == below.0 { below.1 } else { zone.committed };
            for at in (0..end.div_ceil(64)).rev() {
                let mut word = zone.word(at, REUSE);
                if at == end / 64 {
                    word &= low(end % 64);
                }
                while word != 0 {
                    let superslab = at * 64 + word.ilog2() as usize;
                    word &= !(1 << (superslab % 64));
                    let header = zone.header(superslab);
                    let enough = header.kept().count_ones() as usize >= least_surplus(superslab, used, all);
                    if header.free == u64::MAX || !whole && enough {
                        let kept = self.claim_kept(number, superslab);
                        self.allowance.gone(kept.pages.count_ones() as usize, now_ms);
                        return Some(kept);
                    }
                }
            }
        }
        None
    }

    fn claim_kept(&mut self, zone: usize, superslab: usize) -> Kept {
        let header = self.zones[zone % ZONES].header(superslab);
        let (pages, huge, is_whole) = (header.kept(), header.huge, header.free == u64::MAX);
        let again = header.whole && may_be_huge(superslab);
        let mask = if is_whole { u64::MAX } else { pages };
        self.zones[zone % ZONES].change(superslab, |header| {
            header.free &= !mask;
            header.purged |= mask;
        });
        let claim = Claim { zone, superslab, mask, fresh: false };
        Kept { claim, pages, huge_next: is_whole && (huge || again) }
    }

    /// Ends a purge: the slabs are free again, and clean those that are `zeroed`.
    fn end_purge(&mut self, kept: &Kept, zeroed: u64, now_ms: u64) {
        let Claim { zone, superslab, mask, .. } = kept.claim;
        self.zones[zone % ZONES].change(superslab, |header| {
            header.free |= mask;
            header.purged &= !mask;
            header.huge = kept.huge_next;
            header.whole &= mask != u64::MAX;
            header.dirty &= !zeroed;
            if header.dirty & mask != 0 {
                header.touched_ms = now_ms;
            }
        });
    }

    /// Ends the purges of threads that a fork left behind: their slabs are free and as dirty as they were.
    pub fn abandon_purges(&mut self) {
        for zone in self.zones.iter_mut().take(self.count) {
            for superslab in 0..zone.committed {
                zone.change(superslab, |header| header.free |= core::mem::take(&mut header.purged));
            }
        }
    }
}

const _: () = assert!(SUPERSLAB_SLABS == 64, "a mask has a bit for every slab");
