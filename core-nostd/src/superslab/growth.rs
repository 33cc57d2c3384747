//! Growth: superslabs are committed, and zones reserved, without a lock.
//!
//! Who needs more notes how far the pool has grown, commits what follows, and makes it available under the
//! pool's lock. Threads that grow at the same time commit the same part, which harms nothing: nobody waits
//! for anybody's system calls, no more is committed than is needed, and whoever comes second finds that
//! the pool has grown. A fork in the middle of it leaves the child nothing to mend.

#![allow(unsafe_code, reason = "commits parts of zones")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::{Extent, Pool, PoolZone};
use crate::base::sync::Ordering;
use crate::config::geometry::{LIVE_MAP_BYTES, META_SHIFT, SUPERSLAB_BYTES, ZONES};
use crate::pages::PageProvider;
use crate::policy::retention;

/// Superslabs committed at a time: first, and at most.
const FIRST_STEP: usize = 4;
const MOST_STEP: usize = 64;

impl<P: PageProvider> Territory<P> {
    /// Grows the pool until it answers; `None` when the provider has no more.
    pub(super) fn grow_until<T>(&self, answer: impl Fn(&mut Pool) -> Option<T>) -> Option<T> {
        loop {
            let mut pool = self.pool.lock();
            if let Some(answer) = answer(&mut pool) {
                return Some(answer);
            }
            let before = pool.extent();
            drop(pool);
            if !self.grow(before) {
                let mut pool = self.pool.lock();
                // Somebody may have grown it meanwhile, or given back.
                if pool.extent() == before {
                    return answer(&mut pool);
                }
            }
        }
    }

    /// Makes sure that the pool had a free run of so many slabs a moment ago; false if memory is out. For
    /// callers that hold a lock when they claim.
    pub fn provide(&self, slabs: usize) -> bool {
        self.grow_until(|pool| pool.fits(slabs).then_some(())).is_some()
    }

    /// One step more than `before`; false when the provider has none.
    #[cold]
    fn grow(&self, before: Extent) -> bool {
        let Some(last) = before.zones.checked_sub(1).filter(|_| before.room > 0) else {
            return self.add_zone(before.zones);
        };
        let mut step = before.committed.clamp(FIRST_STEP, MOST_STEP).min(before.room);
        while step > 0 {
            if self.commit_superslabs(last, before.committed, step) {
                return true;
            }
            step /= 2;
        }
        false
    }

    fn commit_superslabs(&self, number: usize, from: usize, more: usize) -> bool {
        let zone = self.zones.get(number);
        let parts =
            [(zone.base(), SUPERSLAB_BYTES), (zone.live_base(), LIVE_MAP_BYTES), (zone.meta_base(), 1 << META_SHIFT)];
        for (base, bytes) in parts {
            let Some(start) = NonNull::new(base.wrapping_add(from * bytes)) else {
                return false;
            };
            if zone.superslabs() > from {
                // Somebody was faster.
                return true;
            }
            // SAFETY: the part lies within the zone's reserved run.
            if !unsafe { self.provider.commit(start, more * bytes) } {
                return false;
            }
        }
        let (now, before) = (self.read_clock(), self.grown_ms.load(Ordering::Relaxed));
        let last_step = (from / 2).clamp(FIRST_STEP, MOST_STEP) * SUPERSLAB_BYTES;
        if retention::earns_huge_pages(from, last_step as u64, now.saturating_sub(before))
            && self.huge_pages.load(Ordering::Relaxed)
            && let Some(start) = NonNull::new(zone.base().wrapping_add(from * SUPERSLAB_BYTES))
        {
            // SAFETY: committed just now.
            unsafe { self.provider.prefer_huge_pages(start, more * SUPERSLAB_BYTES) };
        }
        let mut pool = self.pool.lock();
        if zone.superslabs() < from + more {
            self.grown_ms.store(now, Ordering::Relaxed);
            zone.set_committed(from + more);
            pool.add_superslabs(number, from + more, self.recent_ms());
        }
        true
    }

    /// One zone more than `known`.
    fn add_zone(&self, known: usize) -> bool {
        if known == ZONES {
            return false;
        }
        let mut superslabs = (self.provider.zone_bytes() / SUPERSLAB_BYTES).max(1);
        loop {
            let page = self.provider.page_bytes();
            let headers = PoolZone::header_bytes(superslabs).next_multiple_of(page);
            let parts = superslabs * (SUPERSLAB_BYTES + LIVE_MAP_BYTES + (1 << META_SHIFT));
            if let Some(run) = self.provider.reserve(parts + headers, SUPERSLAB_BYTES) {
                let base = run.as_ptr();
                let live = base.wrapping_add(superslabs * SUPERSLAB_BYTES);
                let meta = live.wrapping_add(superslabs * LIVE_MAP_BYTES);
                let header_start = meta.wrapping_add(superslabs << META_SHIFT);
                // SAFETY: the headers end the run that was reserved just now.
                let committed = unsafe { self.provider.commit(NonNull::new_unchecked(header_start), headers) };
                let mut pool = self.pool.lock();
                let was_faster = pool.extent().zones != known;
                if committed && !was_faster {
                    pool.add_zone(header_start, superslabs);
                    self.zones.publish(base, live, meta);
                    return true;
                }
                drop(pool);
                // SAFETY: reserved just now, seen by nobody.
                unsafe { self.provider.release(run, parts + headers) };
                if was_faster {
                    return true;
                }
            }
            if superslabs == 1 {
                return false;
            }
            superslabs /= 2;
        }
    }
}
