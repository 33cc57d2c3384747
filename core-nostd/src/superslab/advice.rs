//! Which superslabs the provider was told to make of huge pages. Where neighbours differ, the system has a mapping
//! more, and a process may have only so many: beyond some such edges a superslab stays as its neighbours are.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::{Claim, PoolZone};
use crate::config::geometry::{SUPERSLAB_BYTES, ZONES};
use crate::pages::PageProvider;
use crate::policy::retention::MOST_EDGES;

impl<P: PageProvider> Territory<P> {
    /// Says whether a claimed superslab comes in a huge page when it is needed again. Of one that was given back in
    /// part the system is not to make a huge page again by itself. Returns whether it may come in one.
    pub(super) fn choose_pages(&self, claim: Claim, huge: bool) -> bool {
        let may_differ = {
            let mut pool = self.pool.lock();
            let edges = pool.zones.iter().map(|zone| zone.edges).sum();
            let zone = &mut pool.zones[claim.zone % ZONES];
            if zone.header(claim.superslab).asked == huge {
                return huge;
            }
            zone.ask(claim.superslab, huge, edges)
        };
        let base = self.zones.get(claim.zone).base().wrapping_add(claim.superslab * SUPERSLAB_BYTES);
        let Some(base) = NonNull::new(base).filter(|_| may_differ) else {
            return !huge;
        };
        if huge {
            // SAFETY: the pool's superslabs are committed.
            unsafe { self.provider.prefer_huge_pages(base, SUPERSLAB_BYTES) };
        } else {
            // SAFETY: as above.
            unsafe { self.provider.prefer_small_pages(base, SUPERSLAB_BYTES) };
        }
        huge
    }
}

impl PoolZone {
    /// Edges on both sides of a superslab.
    fn edges_of(&mut self, superslab: usize) -> usize {
        let asked = self.header(superslab).asked;
        let before = superslab.checked_sub(1);
        let behind = Some(superslab + 1).filter(|&behind| behind < self.committed);
        [before, behind].into_iter().flatten().filter(|&other| self.header(other).asked != asked).count()
    }

    /// Notes that a superslab is to come in huge pages or not; false if that makes too many edges of the `all` there
    /// are: then it stays as it was.
    fn ask(&mut self, superslab: usize, huge: bool, all: usize) -> bool {
        let before = self.edges_of(superslab);
        self.header(superslab).asked = huge;
        let now = self.edges_of(superslab);
        if now > before && all + now - before > MOST_EDGES {
            self.header(superslab).asked = !huge;
            return false;
        }
        self.edges = self.edges + now - before;
        true
    }

    /// The same count from the headers.
    pub(super) fn counted_edges(&mut self) -> usize {
        (1..self.committed).filter(|&at| self.header(at).asked != self.header(at - 1).asked).count()
    }
}
