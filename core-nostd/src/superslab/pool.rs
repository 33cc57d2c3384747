//! The shared pool: which slabs of which superslab are free, whatever class they served.
//!
//! `pool-mask`: a bit of a superslab's `free` is set iff that slab belongs to no span, to no heap's
//! reserve, to no purge under way and is no guard. `pool-dirty`: a bit of `dirty` is set iff the slab may hold other
//! bytes than zero.
//! A zone's `edges` are its superslabs whose `asked` is not that of the one before.
//!
//! A slab that was used before (its pages are there already) is taken before a fresh one, and the lowest
//! address before a higher one, so that the high superslabs drain.

#![allow(unsafe_code, reason = "headers stand in the zone's own memory")]

use core::ptr;

use super::header::Has;
pub(crate) use super::header::SuperSlab;
use super::part::Claims;
use super::zone::meta;
use crate::base::millis::Millis;
use crate::base::place::{PerZone, Place, SuperSlabNumber, ZoneNumber};
use crate::base::slab_mask::SlabMask;
use crate::config::geometry::{HEADER_GROUP, META_HEADERS, SUPERSLAB_SLABS, ZONES};
use crate::harden::random::Dice;
use crate::policy::growth::Pace;
use crate::policy::retention::Allowance;

/// Slabs of a superslab that are the claimer's.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Which superslab.
    pub place: Place,
    /// Which slabs of it.
    pub mask: SlabMask,
    /// True if all of them read as zero.
    pub fresh: bool,
}

/// A claim, and which of its slabs are dirty.
pub(super) type Claimed = (Claim, SlabMask);

/// What is to be claimed: so many slabs in a row, the first of which is at a multiple of the second number, or what is said.
#[derive(Clone, Copy)]
pub(super) enum Wish {
    /// As [`Pool::claim`] does.
    Run(usize, usize),
    /// As [`Pool::claim_with_extra`] does.
    RunAndMore(usize, usize),
    /// As [`Pool::claim_before_spare`] does.
    BeforeSpare(usize, usize),
    /// As [`Pool::claim_for_frames`] does.
    ForFrames(usize, usize),
    /// As [`Pool::claim_clean`] does.
    Clean(usize),
}

/// The pool's side of a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolZone {
    /// Where the zone's metadata ends: headers stand in it, and the start of the index.
    pub(super) meta_end: *mut u8,
    /// Committed superslabs.
    pub committed: usize,
    /// Of these, absent ones.
    pub(super) absent: usize,
    /// Superslabs that the zone has room for.
    pub superslabs: usize,
    /// Superslabs that have a free slab that is dirty.
    reusable: usize,
    /// Free slabs, and those of them whose pages are there.
    pub(super) free: usize,
    /// See `free`.
    pub(super) kept: usize,
    /// See `pool-index`.
    pub(super) edges: usize,
}

/// All zones' free slabs.
#[derive(Debug)]
pub struct Pool {
    pub(super) zones: PerZone<PoolZone>,
    pub(super) count: usize,
    /// Bytes from which on memory is near its limit; of large blocks that are in use, and that are kept; the most of
    /// all blocks that were seen in use at a time.
    pub(super) limit: usize,
    pub(super) large: usize,
    pub(super) large_kept: usize,
    pub(super) peak: usize,
    /// Of the slabs in use, free frames of areas, and those of them whose pages are there.
    pub(super) free_frames: usize,
    /// See `free_frames`.
    pub(super) kept_frames: usize,
    pub(super) allowance: Allowance,
    /// How fast it grows.
    pub(super) pace: Pace,
    /// What of the last zone is claimed.
    pub(super) claims: Claims,
    /// Guards that are no span's.
    pub(super) spare: usize,
    /// Says which of several places a claim gets, if it is not to be the lowest.
    pub dice: Option<Dice>,
}

// SAFETY: the pointers lead to memory that only the pool's holder uses.
unsafe impl Send for Pool {}

impl PoolZone {
    pub(super) const NONE: Self = Self {
        meta_end: ptr::null_mut(),
        committed: 0,
        absent: 0,
        superslabs: 0,
        reusable: 0,
        free: 0,
        kept: 0,
        edges: 0,
    };

    /// Committed superslabs that have slabs.
    pub(super) const fn present(&self) -> usize {
        self.committed - self.absent
    }

    /// Slabs that are not free.
    pub(super) const fn used(&self) -> usize {
        self.present() * SUPERSLAB_SLABS - self.free
    }

    pub(super) fn header(&mut self, superslab: SuperSlabNumber) -> &mut SuperSlab {
        let superslab = superslab.index();
        debug_assert!(superslab < self.committed, "only committed superslabs have headers");
        let group = meta(self.meta_end, SuperSlabNumber::new(superslab / HEADER_GROUP * HEADER_GROUP))
            .wrapping_add(META_HEADERS);
        // SAFETY: all callers stay below `committed`, so the group's first superslab has its metadata.
        unsafe { &mut *group.cast::<SuperSlab>().add(superslab % HEADER_GROUP) }
    }

    /// Changes a superslab's masks, and brings the index and the count in line with them.
    pub(super) fn change(&mut self, superslab: SuperSlabNumber, change: impl FnOnce(&mut SuperSlab)) {
        let header = self.header(superslab);
        let count = |header: &SuperSlab| [header.free, header.kept()].map(SlabMask::count);
        let [free, kept] = count(header);
        change(header);
        let [free_now, kept_now] = count(header);
        self.free = self.free + free_now - free;
        self.kept = self.kept + kept_now - kept;
        let header = self.header(superslab);
        let [has_free, has_kept] = [header.free, header.kept()].map(|mask| !mask.is_empty());
        self.say(superslab, [has_free, has_kept]);
        self.reusable = self.reusable + usize::from(has_kept) - usize::from(kept != 0);
    }

    pub(super) fn take(&mut self, place: Place, mask: SlabMask, now: Millis) -> Claim {
        let clean = mask & !self.header(place.superslab).dirty;
        self.change(place.superslab, |header| {
            header.free &= !mask;
            header.touched = now;
        });
        Claim { place, mask, fresh: clean == mask }
    }

    fn claim_one(&mut self, zone: ZoneNumber, now: Millis, dice: Option<&Dice>) -> Option<Claim> {
        for has in [Has::Kept, Has::Free] {
            let Some(superslab) = self.next(has, SuperSlabNumber::FIRST) else { continue };
            let header = self.header(superslab);
            let reusable = header.free & header.dirty;
            let from = if reusable.is_empty() { header.free } else { reusable };
            return Some(self.take(Place { zone, superslab }, SlabMask::one(pick(from, dice)), now));
        }
        None
    }

    /// True if a run of so many slabs is free.
    fn fits(&mut self, slabs: usize) -> bool {
        let mut superslabs = self.all(Has::Free, SuperSlabNumber::FIRST);
        superslabs.any(|superslab| !self.header(superslab).free.run_starts(slabs).is_empty())
    }

    fn claim_run(
        &mut self,
        zone: ZoneNumber,
        slabs: usize,
        align: usize,
        now: Millis,
        dice: Option<&Dice>,
    ) -> Option<Claim> {
        let places = SlabMask::multiples(align);
        let mut second = None;
        for superslab in self.all(Has::Free, SuperSlabNumber::FIRST) {
            let header = self.header(superslab);
            let starts = header.free.run_starts(slabs) & places;
            let used_before = starts & (header.free & header.dirty).run_starts(slabs);
            if !used_before.is_empty() {
                let mask = SlabMask::run(pick(used_before, dice), slabs);
                return Some(self.take(Place { zone, superslab }, mask, now));
            }
            if !starts.is_empty() && second.is_none() {
                second = Some((superslab, SlabMask::run(pick(starts, dice), slabs)));
            }
        }
        let (superslab, mask) = second?;
        Some(self.take(Place { zone, superslab }, mask, now))
    }
}

impl Pool {
    /// A pool without zones.
    pub const fn new() -> Self {
        Self {
            zones: PerZone([PoolZone::NONE; ZONES]),
            count: 0,
            limit: usize::MAX,
            large: 0,
            large_kept: 0,
            peak: 0,
            free_frames: 0,
            kept_frames: 0,
            allowance: Allowance::new(),
            pace: Pace::new(),
            claims: Claims::new(),
            spare: 0,
            dice: None,
        }
    }

    /// The zones that it has.
    pub(super) fn numbers(&self) -> impl DoubleEndedIterator<Item = ZoneNumber> + use<> {
        ZoneNumber::first(self.count)
    }

    pub(super) fn header(&mut self, place: Place) -> &mut SuperSlab {
        self.zones[place.zone].header(place.superslab)
    }

    /// Adds the next zone, whose metadata ends there: what stands behind it of the index is committed and zero, and
    /// no superslab is available yet.
    pub fn add_zone(&mut self, number: ZoneNumber, meta_end: *mut u8, superslabs: usize) {
        let zone = PoolZone { meta_end, superslabs, ..PoolZone::NONE };
        self.zones[number] = zone;
        self.count = number.index() + 1;
        self.claims.begin();
    }

    /// Superslabs that a zone has room for.
    pub fn superslabs_of(&self, zone: ZoneNumber) -> usize {
        self.zones[zone].superslabs
    }

    /// Free slabs that were used before.
    pub fn kept(&self) -> usize {
        self.zones.first(self.count).map(|zone| zone.kept).sum()
    }

    /// Superslabs that have a free slab that was used before.
    pub fn reusable(&self) -> usize {
        self.zones.first(self.count).map(|zone| zone.reusable).sum()
    }

    /// True if a run of so many slabs is free.
    pub fn fits(&mut self, slabs: usize) -> bool {
        self.numbers().any(|number| self.zones[number].fits(slabs))
    }

    /// Takes what is wished for.
    pub(super) fn claim_as(&mut self, wish: Wish, now: Millis) -> Option<Claimed> {
        let claim = match wish {
            Wish::Run(slabs, align) => self.claim(slabs, align, now),
            Wish::RunAndMore(slabs, extra) => return self.claim_with_extra(slabs, extra, now),
            Wish::BeforeSpare(slabs, align) => self.claim_before_spare(slabs, align, now),
            Wish::ForFrames(slabs, align) => return self.claim_for_frames(slabs, align, now),
            Wish::Clean(most) => self.claim_clean(most, now),
        };
        Some((claim?, SlabMask::NONE))
    }

    /// Takes `slabs` neighbours whose first one's number is a multiple of `align`.
    pub fn claim(&mut self, slabs: usize, align: usize, now: Millis) -> Option<Claim> {
        let claim = self.find(slabs, align, now)?;
        // Taking them left them as they were.
        let missing = claim.mask & !self.header(claim.place).resident();
        self.needed(missing.count(), now);
        Some(claim)
    }

    /// So many slabs were taken whose pages are not there.
    pub(super) fn needed(&mut self, slabs: usize, now: Millis) {
        self.allowance.needed(slabs, now);
    }

    /// Takes them, whatever comes of it.
    #[inline(never)]
    pub(super) fn find(&mut self, slabs: usize, align: usize, now: Millis) -> Option<Claim> {
        self.numbers().find_map(|number| {
            let zone = &mut self.zones[number];
            if slabs == 1 && align == 1 {
                zone.claim_one(number, now, self.dice.as_ref())
            } else {
                zone.claim_run(number, slabs, align, now, self.dice.as_ref())
            }
        })
    }

    /// Takes a run as [`Pool::claim`] does, and up to `extra` more slabs of the same superslab. Returns
    /// which of them are dirty beside it.
    pub fn claim_with_extra(&mut self, slabs: usize, extra: usize, now: Millis) -> Option<(Claim, SlabMask)> {
        let mut claim = self.claim(slabs, 1, now)?;
        let zone = &mut self.zones[claim.place.zone];
        let header = zone.header(claim.place.superslab);
        let (mut used, mut clean) = (header.free & header.dirty, header.free & !header.dirty);
        let mut more = used.take_lowest(extra);
        more |= clean.take_lowest(extra - more.count());
        let missing = more & !header.resident();
        claim.mask |= more;
        let dirty = header.dirty & claim.mask;
        self.allowance.needed(missing.count(), now);
        zone.change(claim.place.superslab, |header| header.free &= !more);
        Some((claim, dirty))
    }

    /// Takes up to `most` free slabs that are clean, all of one superslab.
    pub fn claim_clean(&mut self, most: usize, now: Millis) -> Option<Claim> {
        for number in self.numbers() {
            let zone = &mut self.zones[number];
            for superslab in zone.all(Has::Free, SuperSlabNumber::FIRST) {
                let header = zone.header(superslab);
                let mut clean = header.free & !header.dirty;
                if !clean.is_empty() {
                    let place = Place { zone: number, superslab };
                    return Some(zone.take(place, clean.take_lowest(most), now));
                }
            }
        }
        None
    }

    /// Takes slabs back; `dirty` of them were written to.
    pub fn release(&mut self, place: Place, mask: SlabMask, dirty: SlabMask, now: Millis) {
        self.zones[place.zone].change(place.superslab, |header| {
            debug_assert!((header.free & mask).is_empty(), "a slab is given back once");
            header.free |= mask;
            header.dirty |= dirty & mask;
            header.whole |= header.dirty.is_all();
            header.touched = now;
        });
    }

    /// Calls `each` with place and header of every committed superslab that is not absent.
    pub fn for_each(&mut self, mut each: impl FnMut(Place, &SuperSlab)) {
        for number in self.numbers() {
            for superslab in SuperSlabNumber::first(self.zones[number].committed) {
                let place = Place { zone: number, superslab };
                let header = self.header(place);
                if !header.absent {
                    each(place, header);
                }
            }
        }
    }

    /// True if the indexes say what the masks say (`pool-index`).
    pub fn is_indexed(&mut self) -> bool {
        self.numbers().all(|number| {
            let mut zone = self.zones[number];
            let (mut all_free, mut kept) = (0, 0);
            SuperSlabNumber::first(zone.committed).all(|superslab| {
                let header = zone.header(superslab);
                all_free += header.free.count();
                kept += header.kept().count();
                let has = (!header.free.is_empty(), !header.kept().is_empty());
                (zone.says(superslab, Has::Free), zone.says(superslab, Has::Kept)) == has
            }) && (all_free, kept, zone.counted_edges()) == (zone.free, zone.kept, zone.edges)
        })
    }
}

/// One of the places that a mask has, which has one: the lowest, or whichever the dice say.
pub(super) fn pick(mask: SlabMask, dice: Option<&Dice>) -> usize {
    dice.map_or(mask.first(), |dice| mask.nth(dice.below(mask.count()))) % SUPERSLAB_SLABS
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}
