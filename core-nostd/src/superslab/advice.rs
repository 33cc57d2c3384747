//! Which superslabs the provider was told to make of huge pages. Where neighbours differ, the system has a mapping
//! more, and a process may have only so many: beyond some such edges a superslab stays as its neighbours are.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::PoolZone;
use crate::base::place::{Place, SuperSlabNumber};
use crate::config::geometry::SUPERSLAB_BYTES;
use crate::pages::PageProvider;
use crate::policy::retention::MOST_EDGES;

impl<P: PageProvider> Territory<P> {
    /// Says whether a superslab of which the caller has claimed slabs comes in a huge page when it is needed again. Of one that was given back in
    /// part the system is not to make a huge page again by itself. Returns whether it may come in one.
    pub(super) fn choose_pages(&self, place: Place, huge: bool) -> bool {
        let may_differ = {
            let mut pool = self.pool.lock();
            let edges = pool.zones.0.iter().map(|zone| zone.edges).sum();
            let zone = &mut pool.zones[place.zone];
            if zone.header(place.superslab).asked == huge {
                return huge;
            }
            zone.ask(place.superslab, huge, edges)
        };
        let base = self.zones.get(place.zone).base().wrapping_add(place.superslab.offset());
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
    fn edges_of(&mut self, superslab: SuperSlabNumber) -> usize {
        let asked = self.header(superslab).asked;
        let before = superslab.before();
        let behind = Some(superslab.behind()).filter(|behind| behind.index() < self.committed);
        [before, behind].into_iter().flatten().filter(|&other| self.header(other).asked != asked).count()
    }

    /// Notes that a superslab is to come in huge pages or not; false if that makes too many edges of the `all` there
    /// are: then it stays as it was.
    fn ask(&mut self, superslab: SuperSlabNumber, huge: bool, all: usize) -> bool {
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
        let mut before = None;
        let edges = SuperSlabNumber::first(self.committed).filter(|&at| {
            let asked = self.header(at).asked;
            before.replace(asked).is_some_and(|before| before != asked)
        });
        edges.count()
    }
}
