//! What the process may have, as far as anybody told, and what it has shown to need: near that, the pool keeps no more
//! beside what is in use.

use super::Territory;
use super::pool::Pool;
use crate::base::sync::Ordering;
use crate::config::geometry::{SLAB_BYTES, SLAB_FRAMES};
use crate::pages::PageProvider;
use crate::policy::retention::{LIMITED_FROM, beside_the_peak, near_limit};

impl<P: PageProvider> Territory<P> {
    /// Large blocks in use have so many bytes now, or soon will, and those that are kept: the bytes by which that, with all
    /// that the pool has, is more than leaves the process far from what it may have, or than it has shown to need. Of
    /// smaller processes the provider is not asked.
    pub fn beyond_limit(&self, large: usize, large_kept: usize) -> usize {
        let all = {
            let mut pool = self.informed_pool();
            (pool.large, pool.large_kept) = (large, large_kept);
            let (used, kept) = pool.used_and_kept();
            pool.see_peak(used);
            ((used + kept) * SLAB_BYTES).saturating_add(large).saturating_add(large_kept)
        };
        if all < LIMITED_FROM {
            return 0;
        }
        let limit = self.near_limit();
        let mut pool = self.pool.lock();
        pool.limit = limit;
        self.surplus.store(pool.surplus() > 0, Ordering::Relaxed);
        all.saturating_sub(limit.min(beside_the_peak(pool.peak)))
    }

    /// What is near the limit, which the provider is asked for once.
    fn near_limit(&self) -> usize {
        match self.near_limit.load(Ordering::Relaxed) {
            0 => {
                let near = near_limit(self.provider.memory_bytes()).max(1);
                self.near_limit.store(near, Ordering::Relaxed);
                near
            }
            near => near,
        }
    }
}

impl Pool {
    /// Slabs in use, and free ones whose pages are there.
    pub(super) fn used_and_kept(&self) -> (usize, usize) {
        let zones = self.zones.first(self.count);
        let (used, kept) = zones.fold((0, 0), |(used, kept), zone| (used + zone.used(), kept + zone.kept));
        (used.saturating_sub(self.free_frames / SLAB_FRAMES), kept + self.kept_frames / SLAB_FRAMES)
    }

    /// So many slabs are in use, beside the large blocks.
    pub(super) fn see_peak(&mut self, used: usize) {
        self.peak = self.peak.max((used * SLAB_BYTES).saturating_add(self.large));
    }

    /// So many slabs are to stay, as if they had been in use.
    pub(super) fn add(&mut self, slabs: usize) {
        self.peak = self.peak.saturating_add(slabs * SLAB_BYTES);
        self.allowance.add(slabs);
    }

    /// Slabs that may be in use or kept.
    pub(super) fn most(&self) -> usize {
        let large = self.large.saturating_add(self.large_kept);
        self.limit.min(beside_the_peak(self.peak)).saturating_sub(large) / SLAB_BYTES
    }
}
