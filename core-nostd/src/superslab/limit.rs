//! What the process may have: near that, the pool keeps no more beside what is in use.

use super::Territory;
use super::pool::Pool;
use crate::base::sync::Ordering;
use crate::config::geometry::SLAB_BYTES;
use crate::pages::PageProvider;
use crate::policy::retention::{LIMITED_FROM, near_limit};

impl<P: PageProvider> Territory<P> {
    /// Large blocks have so many bytes now, or soon will: true if that is near what the process may have, with all
    /// that the pool has. Of smaller processes the provider is not asked.
    pub fn is_near_limit(&self, large: usize) -> bool {
        let (used, kept) = self.pool.lock().used_and_kept();
        let all = ((used + kept) * SLAB_BYTES).saturating_add(large);
        if all < LIMITED_FROM {
            return false;
        }
        let near = self.near_limit();
        let mut pool = self.pool.lock();
        pool.most = near.saturating_sub(large) / SLAB_BYTES;
        self.surplus.store(pool.surplus() > 0, Ordering::Relaxed);
        all > near
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
        let zones = self.zones.iter().take(self.count);
        zones.fold((0, 0), |(used, kept), zone| (used + zone.used(), kept + zone.kept))
    }
}
