//! What of a zone is claimed, part by part: the pool's word on it, which threads that grow at the same time go by.

use core::ops::Range;

use super::header::SuperSlab;
use super::part::{Ends, Part};
use super::pool::{Pool, PoolZone};
use super::zone::Zone;
use crate::base::millis::Millis;
use crate::base::place::{Place, SuperSlabNumber, ZoneNumber};
use crate::base::slab_mask::SlabMask;
use crate::config::geometry::{META_SHIFT, SUPERSLAB_BYTES};

impl Zone {
    /// Where a part of some superslabs, one or more, starts, and its bytes; maps are in whole pages, so that there may
    /// be none that is new.
    pub(super) fn part(&self, part: Part, start: usize, end: usize, page: usize) -> (*mut u8, usize) {
        if let Some(map) = part.map() {
            let [start, end] = [start, end].map(|superslabs| map.part_bytes(superslabs, page));
            let first = self.map(map).wrapping_sub(map.shift() as usize).wrapping_add(start);
            return (first, end - start);
        }
        let (first, each) = if part == Part::Meta {
            (self.meta(SuperSlabNumber::new(end - 1)), 1 << META_SHIFT)
        } else {
            (self.base().wrapping_add(start * SUPERSLAB_BYTES), SUPERSLAB_BYTES)
        };
        (first, (end - start) * each)
    }
}

/// How far the pool has grown; compared to see whether somebody grew it meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Zones.
    pub zones: usize,
    /// Committed superslabs of the last one, which is the one that grows.
    pub committed: usize,
    /// Superslabs of it that are not committed.
    pub room: usize,
}

impl Pool {
    /// How far it has grown.
    pub fn extent(&self) -> Extent {
        let last = self.numbers().next_back().map_or(PoolZone::NONE, |last| self.zones[last]);
        Extent { zones: self.count, committed: last.committed, room: last.superslabs - last.committed }
    }

    /// Superslabs of the last zone, from the first one on, for which a part is there; any other lacks nothing.
    pub(super) fn claimed(&mut self, zone: ZoneNumber, part: Part) -> usize {
        if self.is_last(zone) { *self.claims.of(part) } else { usize::MAX }
    }

    fn is_last(&self, zone: ZoneNumber) -> bool {
        self.count == zone.index() + 1
    }

    /// A thread is about to claim what the first part lacks that lacks something below its end; `None` if none does.
    pub(super) fn begin_claim(&mut self, zone: ZoneNumber, ends: &Ends) -> Option<(Part, Range<usize>)> {
        let mut parts = Part::ALL.into_iter().zip(ends).map(|(part, &end)| (part, self.claimed(zone, part)..end));
        let lacking = parts.find(|(_, lacking)| !lacking.is_empty())?;
        self.claims.threads += 1;
        Some(lacking)
    }

    /// It did, or did not get it. True if other threads are claiming something.
    pub(super) const fn end_claim(&mut self) -> bool {
        self.claims.threads = self.claims.threads.saturating_sub(1);
        self.claims.threads > 0
    }

    /// A part of the superslabs below `end` is there.
    pub(super) fn enter(&mut self, zone: ZoneNumber, part: Part, end: usize) {
        if self.is_last(zone) {
            *self.claims.of(part) = end;
        }
    }

    /// Superslabs of a zone that are there and not yet available, and whether they may come in huge pages.
    pub(super) fn claimed_last(&mut self, zone: ZoneNumber) -> (Range<usize>, bool) {
        let end = if self.is_last(zone) { *self.claims.of(Part::Blocks) } else { 0 };
        (self.zones[zone].committed..end, self.claims.huge)
    }

    /// A zone that has not grown beyond `committed` never will.
    pub(super) fn close(&mut self, zone: ZoneNumber, committed: usize) {
        let zone = &mut self.zones[zone];
        if zone.committed == committed {
            zone.superslabs = committed;
        }
    }

    /// Makes superslabs of a zone available: all below `end` are committed, and the new ones are zero, and come in
    /// `huge` pages or not. Those between what was there and `start` are absent.
    pub fn add_superslabs(&mut self, zone: ZoneNumber, new: Range<usize>, huge: bool, now: Millis) {
        let zone = &mut self.zones[zone];
        for superslab in (zone.committed..new.end).map(SuperSlabNumber::new) {
            let absent = superslab.index() < new.start;
            let before = superslab.before().map(|before| zone.header(before).asked);
            // A mapping that is not ours has no edge that counts.
            let huge = if absent { before.unwrap_or(false) } else { huge };
            zone.committed = superslab.behind().index();
            zone.absent += usize::from(absent);
            *zone.header(superslab) = SuperSlab { touched: now, huge, asked: huge, absent, ..SuperSlab::NONE };
            zone.edges += usize::from(before.is_some_and(|asked| asked != huge));
            zone.change(superslab, |header| header.free = if absent { SlabMask::NONE } else { SlabMask::ALL });
        }
    }

    /// True if somebody else lies there.
    pub fn is_absent(&mut self, place: Place) -> bool {
        place.superslab.index() < self.zones[place.zone].committed && self.header(place).absent
    }
}
