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
use crate::config::geometry::{LIVE_MAP_BYTES, META_HEADERS, META_SHIFT, META_SPARE, SUPERSLAB_BYTES, ZONES};
use crate::pages::{PageProvider, Users};
use crate::policy::retention;

#[cfg(test)]
mod tests;

/// Superslabs committed at a time: first, and at most.
const FIRST_STEP: usize = 4;
const MOST_STEP: usize = 64;
/// Superslabs of a zone whose padding, less than one of them, is not worth saving.
const LARGE_ZONE: usize = 1 << 10;

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
        let parts = [
            (zone.base().wrapping_add(from * SUPERSLAB_BYTES), SUPERSLAB_BYTES, Users::SlowPaths),
            (zone.live_base().wrapping_add(from * LIVE_MAP_BYTES), LIVE_MAP_BYTES, Users::All),
            (zone.meta(from + more - 1), 1 << META_SHIFT, Users::SlowPaths),
        ];
        for (start, bytes, _) in parts {
            let Some(start) = NonNull::new(start) else { return false };
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
        let huge = self.huge_pages.load(Ordering::Relaxed)
            && retention::earns_huge_pages(from, last_step as u64, now.saturating_sub(before));
        if huge && let Some(start) = NonNull::new(zone.base().wrapping_add(from * SUPERSLAB_BYTES)) {
            // SAFETY: committed just now.
            unsafe { self.provider.prefer_huge_pages(start, more * SUPERSLAB_BYTES) };
        }
        let mut pool = self.pool.lock();
        if zone.superslabs() < from + more {
            self.grown_ms.store(now, Ordering::Relaxed);
            for (start, bytes, users) in parts {
                if let Some(start) = NonNull::new(start) {
                    self.provider.dedicate(start, more * bytes, users);
                }
            }
            zone.set_committed(from + more);
            pool.add_superslabs(number, from + more, huge, self.recent_ms());
        }
        true
    }

    /// One zone more than `known`, with its first superslabs.
    fn add_zone(&self, known: usize) -> bool {
        if known == ZONES {
            return false;
        }
        let mut superslabs = (self.provider.zone_bytes() / SUPERSLAB_BYTES).max(1);
        loop {
            let plan = Plan::new(superslabs, self.provider.page_bytes());
            // Where not even the first step is to be had, a smaller one may be, later.
            for first in [FIRST_STEP.min(superslabs), 0] {
                let Some(run) = self.provider.reserve_with(plan.bytes, SUPERSLAB_BYTES, &plan.parts(first)) else {
                    continue;
                };
                let at = |offset| run.as_ptr().wrapping_add(offset);
                let mut pool = self.pool.lock();
                let was_faster = pool.extent().zones != known;
                if !was_faster {
                    for ((offset, length), users) in plan.pieces(first) {
                        if let Some(start) = NonNull::new(at(offset)) {
                            self.provider.dedicate(start, length, users);
                        }
                    }
                    pool.add_zone(at(plan.meta_end), superslabs);
                    self.zones.publish(at(plan.base), at(plan.live), at(plan.meta_end));
                    self.zones.get(known).set_committed(first);
                    pool.add_superslabs(known, first, false, self.recent_ms());
                    drop(pool);
                    if known == 0 && first > 0 {
                        let spare = self.zones.first().meta(0).wrapping_add(META_SPARE);
                        // SAFETY: committed, zero, and nobody's: headers and index stand behind it.
                        unsafe { self.store.offer(spare, META_HEADERS - META_SPARE) };
                    }
                    return true;
                }
                drop(pool);
                // SAFETY: reserved just now, seen by nobody.
                unsafe { self.provider.release(run, plan.bytes) };
                return true;
            }
            if superslabs == 1 {
                return false;
            }
            superslabs /= 2;
        }
    }
}

/// Offsets of a zone's parts. Of each part the start is committed first; metadata grows downwards, so in a large
/// zone all beginnings but one are neighbours, and a start costs few system calls:
///
/// ```text
/// large   live map →            … ← metadata | index | blocks →
/// small   blocks → | live map → … ← metadata | index
/// ```
///
/// The index starts within the metadata. What stands right below the first block of a zone that grows to more than
/// 8 GiB is the index of superslabs that come last.
struct Plan {
    base: usize,
    live: usize,
    /// Where the metadata ends, and the rest of the pool's index starts.
    meta_end: usize,
    index_bytes: usize,
    bytes: usize,
}

impl Plan {
    fn new(superslabs: usize, page: usize) -> Self {
        let index_bytes = PoolZone::index_bytes(superslabs).next_multiple_of(page);
        let blocks = superslabs * SUPERSLAB_BYTES;
        let rest = superslabs * (LIVE_MAP_BYTES + (1 << META_SHIFT)) + index_bytes;
        let (base, live, bytes) = if superslabs < LARGE_ZONE {
            (0, blocks, blocks + rest)
        } else {
            let before = rest.next_multiple_of(SUPERSLAB_BYTES);
            (before, 0, before + blocks)
        };
        let meta_end = if superslabs < LARGE_ZONE { bytes } else { base } - index_bytes;
        Self { base, live, meta_end, index_bytes, bytes }
    }

    /// Offset and length of what the first superslabs need, and who uses it.
    fn pieces(&self, superslabs: usize) -> [((usize, usize), Users); 3] {
        let meta = (self.meta_end - (superslabs << META_SHIFT), (superslabs << META_SHIFT) + self.index_bytes);
        [
            ((self.live, superslabs * LIVE_MAP_BYTES), Users::All),
            (meta, Users::SlowPaths),
            ((self.base, superslabs * SUPERSLAB_BYTES), Users::SlowPaths),
        ]
    }

    /// Offset and length of what the first superslabs need; neighbours are one part.
    fn parts(&self, superslabs: usize) -> [(usize, usize); 3] {
        let [(live, _), (meta, _), (blocks, _)] = self.pieces(superslabs);
        if self.base == 0 { [blocks, live, meta] } else { [live, (meta.0, meta.1 + blocks.1), (self.bytes, 0)] }
    }
}
