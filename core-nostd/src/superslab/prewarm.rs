//! Memory that is there before anybody asks for it: the pages of free slabs are touched beforehand, and what is
//! known of their blocks beside them.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::{Claim, Wish};
use crate::base::address::{align_down, align_up};
use crate::base::millis::Millis;
use crate::base::place::Place;
use crate::config::geometry::{META_REMOTE_WORDS, SLAB_BYTES, SLAB_SHIFT, SUPERSLAB_SLABS};
use crate::pages::PageProvider;

impl<P: PageProvider> Territory<P> {
    /// Touches so many bytes of free slabs that cost no memory yet; returns those that do now, which are fewer
    /// where memory is out.
    pub fn prewarm(&self, bytes: usize) -> usize {
        let wanted = bytes.div_ceil(SLAB_BYTES);
        let mut warm = 0;
        // Until it is read first, all that is used looks idle since ever.
        self.read_clock();
        while warm < wanted {
            let Some((claim, _)) = self.claim_by(true, Wish::Clean(wanted - warm)) else { break };
            let is_warm = self.touch(claim);
            self.pool.lock().add(claim.mask.count());
            // What is warm stays until it is used, or trimmed.
            self.return_slabs_used(claim.place, claim.mask, claim.mask, Millis::NEVER);
            if !is_warm {
                break;
            }
            warm += claim.mask.count();
        }
        warm << SLAB_SHIFT
    }

    /// Touches claimed slabs and their part of the live maps, of which any may be needed; of a whole superslab the records
    /// too.
    fn touch(&self, claim: Claim) -> bool {
        let Place { zone, superslab } = claim.place;
        let zone = self.zones.get(zone);
        let base = zone.base().wrapping_add(superslab.offset());
        let live = || {
            self.live_maps().map(|map| {
                let each = SLAB_BYTES >> map.shift();
                (zone.map(map).wrapping_add(superslab.index() * SUPERSLAB_SLABS * each), each)
            })
        };
        let meta = zone.meta(superslab);
        let page = self.provider.page_bytes();
        let mut whole = true;
        claim.mask.for_each_run(|start, length| {
            let part = |base: *mut u8, bytes| (base.wrapping_add(start * bytes), length * bytes);
            let (first, bytes) = part(base, SLAB_BYTES);
            // A page that holds a slab of somebody else's too is left out.
            whole &= self.populate(align_up(first, page), align_down(first.wrapping_add(bytes), page));
            for (map, each) in live() {
                let (first, bytes) = part(map, each);
                whole &= self.populate(align_down(first, page), align_up(first.wrapping_add(bytes), page));
            }
        });
        // Remote bitmaps are the last part, and not every program has them.
        whole && (!claim.mask.is_all() || self.populate(meta, align_up(meta.wrapping_add(META_REMOTE_WORDS), page)))
    }

    /// Has the pages between two addresses be there; false where memory was refused.
    fn populate(&self, first: *mut u8, end: *mut u8) -> bool {
        let bytes = end.addr().saturating_sub(first.addr());
        // SAFETY: callers name parts of a committed superslab: slabs that they claimed, or atomics.
        NonNull::new(first).is_some_and(|first| bytes == 0 || unsafe { self.provider.populate(first, bytes) })
    }
}

const _: () = assert!(META_REMOTE_WORDS.is_multiple_of(4096), "of metadata whole pages are touched, or a page's rest");
