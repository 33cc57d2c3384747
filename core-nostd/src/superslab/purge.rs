//! Free slabs give their pages back: those that have lain idle, and those beyond what the program was seen to
//! need again. No lock is held while the provider works.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::{Claim, Pool, REUSE};
use crate::base::bits::{for_each_run, low};
use crate::base::sync::Ordering;
use crate::config::geometry::{LIVE_MAP_BYTES, SLAB_BYTES, SUPERSLAB_BYTES, SUPERSLAB_SLABS, ZONES};
use crate::pages::{PageProvider, Purged};
use crate::policy::retention::{is_due, may_be_huge};

/// Fewer slabs are not worth a call of the provider before their time, unless their superslab is all free: then
/// its live map and bitmaps go too.
const LEAST_SURPLUS: u32 = 8;
/// The same where that would make small pages of a huge one.
const LEAST_SURPLUS_OF_HUGE: u32 = 48;

impl<P: PageProvider> Territory<P> {
    /// Gives back what has lain free for `delay_ms`; returns bytes purged.
    pub fn purge(&self, delay_ms: u64) -> usize {
        let now = self.read_clock();
        let mut purged = 0;
        let mut from = (0, 0);
        loop {
            let Some((claim, dirty)) = self.pool.lock().claim_idle(from, now, delay_ms) else {
                return purged;
            };
            from = (claim.zone, claim.superslab + 1);
            purged += self.purge_claim(claim, dirty, now);
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
                let Some((claim, dirty)) = self.pool.lock().claim_surplus(below, whole, now) else {
                    break;
                };
                below = (claim.zone, claim.superslab);
                self.purge_claim(claim, dirty, now);
            }
        }
    }

    fn purge_claim(&self, claim: Claim, dirty: u64, now_ms: u64) -> usize {
        let zone = self.zones.get(claim.zone);
        let base = zone.base().wrapping_add(claim.superslab * SUPERSLAB_BYTES);
        let mut zeroed = true;
        for_each_run(dirty, |start, length| {
            zeroed &= self.purge_run(base.wrapping_add(start * SLAB_BYTES), length * SLAB_BYTES);
        });
        if claim.mask == u64::MAX {
            // No block is out, so live map and words are zero; the records still tell of late faults.
            let (words, end) = zone.words(claim.superslab, self.provider.page_bytes());
            self.purge_run(zone.live_base().wrapping_add(claim.superslab * LIVE_MAP_BYTES), LIVE_MAP_BYTES);
            self.purge_run(words, end.addr().saturating_sub(words.addr()));
        }
        self.pool.lock().end_purge(claim, zeroed, now_ms);
        if zeroed { dirty.count_ones() as usize * SLAB_BYTES } else { 0 }
    }

    /// Gives part of a zone back that is committed and that nobody uses; true if it reads as zero now.
    fn purge_run(&self, start: *mut u8, bytes: usize) -> bool {
        let Some(run) = NonNull::new(start).filter(|_| bytes > 0) else {
            return false;
        };
        // SAFETY: committed, as the pool knows it, and claimed by the caller.
        unsafe { self.provider.purge(run, bytes) == Purged::Zeroed }
    }
}

impl Pool {
    /// Free slabs whose pages are there, beyond those that are allowed.
    pub fn surplus(&self) -> usize {
        let (mut used, mut kept) = (0, 0);
        for zone in self.zones.iter().take(self.count) {
            used += zone.committed * SUPERSLAB_SLABS - zone.free;
            kept += zone.kept;
        }
        self.allowance.surplus(kept, used)
    }

    /// Takes the free, dirty slabs of one superslab that has been left alone for `delay_ms`, at or after
    /// `from` (zone, superslab), so that they can be purged without the lock; all 64, if all are free. Returns
    /// which of them are dirty beside it.
    fn claim_idle(&mut self, from: (usize, usize), now_ms: u64, delay_ms: u64) -> Option<(Claim, u64)> {
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
                        let (claim, dirty) = self.claim_kept(number, superslab);
                        self.allowance.unused(dirty.count_ones() as usize);
                        return Some((claim, dirty));
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
    fn claim_surplus(&mut self, below: (usize, usize), whole: bool, now_ms: u64) -> Option<(Claim, u64)> {
        if self.surplus() == 0 {
            return None;
        }
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
                    let least = if may_be_huge(superslab) { LEAST_SURPLUS_OF_HUGE } else { LEAST_SURPLUS };
                    if header.free == u64::MAX || !whole && header.kept().count_ones() >= least {
                        let (claim, dirty) = self.claim_kept(number, superslab);
                        self.allowance.gone(dirty.count_ones() as usize, now_ms);
                        return Some((claim, dirty));
                    }
                }
            }
        }
        None
    }

    fn claim_kept(&mut self, zone: usize, superslab: usize) -> (Claim, u64) {
        let header = self.zones[zone % ZONES].header(superslab);
        let dirty = header.kept();
        let mask = if header.free == u64::MAX { u64::MAX } else { dirty };
        self.zones[zone % ZONES].change(superslab, |header| {
            header.free &= !mask;
            header.purged |= mask;
        });
        (Claim { zone, superslab, mask, fresh: false }, dirty)
    }

    /// Ends a purge: the slabs are free again, and clean if `zeroed`.
    fn end_purge(&mut self, claim: Claim, zeroed: bool, now_ms: u64) {
        self.zones[claim.zone % ZONES].change(claim.superslab, |header| {
            header.free |= claim.mask;
            header.purged &= !claim.mask;
            if zeroed {
                header.dirty &= !claim.mask;
            } else {
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
