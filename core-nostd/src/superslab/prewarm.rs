//! Memory that is there before anybody asks for it: the pages of free slabs are touched beforehand, and what is
//! known of their blocks beside them.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use super::pool::Claim;
use crate::base::address::{align_down, align_up};
use crate::base::bits::for_each_run;
use crate::config::geometry::{
    GRANULE_SHIFT, LIVE_MAP_BYTES, META_REMOTE_WORDS, SLAB_BYTES, SLAB_SHIFT, SUPERSLAB_BYTES,
};
use crate::pages::PageProvider;

/// A superslab that was last used then is never idle for long: what is warm stays until it is used, or trimmed.
const NEVER_MS: u64 = u64::MAX;
/// Live-map bytes of a slab.
const SLAB_LIVE_BYTES: usize = SLAB_BYTES >> GRANULE_SHIFT;

impl<P: PageProvider> Territory<P> {
    /// Touches so many bytes of free slabs that cost no memory yet; returns those that do now, which are fewer
    /// where memory is out.
    pub fn prewarm(&self, bytes: usize) -> usize {
        let wanted = bytes.div_ceil(SLAB_BYTES);
        let mut warm = 0;
        // Until it is read first, all that is used looks idle since ever.
        self.read_clock();
        while warm < wanted {
            let Some(claim) = self.claim_by(true, |pool, now| pool.claim_clean(wanted - warm, now)) else { break };
            let is_warm = self.touch(claim);
            self.pool.lock().allowance.add(claim.mask.count_ones() as usize);
            self.return_slabs_used(claim.zone, claim.superslab, claim.mask, claim.mask, NEVER_MS);
            if !is_warm {
                break;
            }
            warm += claim.mask.count_ones() as usize;
        }
        warm << SLAB_SHIFT
    }

    /// Touches claimed slabs and their part of the live map; of a whole superslab the records too.
    fn touch(&self, claim: Claim) -> bool {
        let zone = self.zones.get(claim.zone);
        let base = zone.base().wrapping_add(claim.superslab * SUPERSLAB_BYTES);
        let live = zone.live_base().wrapping_add(claim.superslab * LIVE_MAP_BYTES);
        let meta = zone.meta(claim.superslab);
        let page = self.provider.page_bytes();
        let mut whole = true;
        for_each_run(claim.mask, |start, length| {
            let part = |base: *mut u8, bytes| (base.wrapping_add(start * bytes), length * bytes);
            let (first, bytes) = part(base, SLAB_BYTES);
            // A page that holds a slab of somebody else's too is left out.
            whole &= self.populate(align_up(first, page), align_down(first.wrapping_add(bytes), page));
            let (first, bytes) = part(live, SLAB_LIVE_BYTES);
            whole &= self.populate(align_down(first, page), align_up(first.wrapping_add(bytes), page));
        });
        // Remote bitmaps are the last part, and not every program has them.
        whole && (claim.mask != u64::MAX || self.populate(meta, align_up(meta.wrapping_add(META_REMOTE_WORDS), page)))
    }

    /// Has the pages between two addresses be there; false where memory was refused.
    fn populate(&self, first: *mut u8, end: *mut u8) -> bool {
        let bytes = end.addr().saturating_sub(first.addr());
        // SAFETY: callers name parts of a committed superslab: slabs that they claimed, or atomics.
        NonNull::new(first).is_some_and(|first| bytes == 0 || unsafe { self.provider.populate(first, bytes) })
    }
}

const _: () = assert!(META_REMOTE_WORDS.is_multiple_of(4096), "of metadata whole pages are touched, or a page's rest");
