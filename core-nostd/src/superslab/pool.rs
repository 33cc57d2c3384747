//! The shared pool: which slabs of which superslab are free, whatever class they served.
//!
//! `pool-mask`: a bit of a superslab's `free` is set iff that slab belongs to no span, to no heap's
//! reserve, to no purge under way and is no guard. `pool-dirty`: a bit of `dirty` is set iff the slab may hold other
//! bytes than zero.
//! `pool-index`: the first word of a pair has a superslab's bit iff its `free` is not 0, the second iff
//! [`SuperSlab::kept`] is not 0; a zone's `edges` are its superslabs whose `asked` is not that of the one before.
//!
//! A slab that was used before (its pages are there already) is taken before a fresh one, and the lowest
//! address before a higher one, so that the high superslabs drain.

#![allow(unsafe_code, reason = "headers and index words stand in the zone's own memory")]

use core::ptr;

pub use super::header::SuperSlab;
use super::zone::meta;
use crate::base::bits::{low, multiples, nth_one, run_starts, take_lowest};
use crate::config::geometry::{HEADER_GROUP, INDEX_HEAD_BYTES, META_HEADERS, SUPERSLAB_SLABS, ZONES};
use crate::harden::random::Dice;
use crate::policy::retention::Allowance;

/// Place in a pair of index words: superslabs with a free slab.
const AVAIL: usize = 0;
/// The same: with a free slab that is dirty.
pub(super) const REUSE: usize = 1;

/// Slabs `first..` of a superslab, `mask` of them.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Which zone.
    pub zone: usize,
    /// Which superslab of it.
    pub superslab: usize,
    /// Its slabs, as bits.
    pub mask: u64,
    /// True if all of them read as zero.
    pub fresh: bool,
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

/// The pool's side of a zone.
#[derive(Clone, Copy, Debug)]
pub struct PoolZone {
    /// Where the zone's metadata ends: headers stand in it, and the start of the index.
    meta_end: *mut u8,
    /// Committed superslabs.
    pub committed: usize,
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
    pub(super) zones: [PoolZone; ZONES],
    pub(super) count: usize,
    /// Slabs that may be in use or kept, near a limit of memory.
    pub(super) most: usize,
    pub(super) allowance: Allowance,
    /// Guards that are no span's.
    pub(super) spare: usize,
    /// Says which of several places a claim gets, if it is not to be the lowest.
    pub dice: Option<Dice>,
}

// SAFETY: the pointers lead to memory that only the pool's holder uses.
unsafe impl Send for Pool {}

impl PoolZone {
    const NONE: Self =
        Self { meta_end: ptr::null_mut(), committed: 0, superslabs: 0, reusable: 0, free: 0, kept: 0, edges: 0 };

    /// Slabs that are not free.
    pub(super) const fn used(&self) -> usize {
        self.committed * SUPERSLAB_SLABS - self.free
    }

    /// Bytes that the index of `superslabs` superslabs takes behind the metadata.
    pub const fn index_bytes(superslabs: usize) -> usize {
        (2 * superslabs.div_ceil(64) * 8).saturating_sub(INDEX_HEAD_BYTES)
    }

    fn index(&self) -> *mut [u64; 2] {
        self.meta_end.wrapping_sub(INDEX_HEAD_BYTES).cast()
    }

    pub(super) fn header(&mut self, superslab: usize) -> &mut SuperSlab {
        debug_assert!(superslab < self.committed, "only committed superslabs have headers");
        let group = meta(self.meta_end, superslab / HEADER_GROUP * HEADER_GROUP).wrapping_add(META_HEADERS);
        // SAFETY: all callers stay below `committed`, so the group's first superslab has its metadata.
        unsafe { &mut *group.cast::<SuperSlab>().add(superslab % HEADER_GROUP) }
    }

    /// Changes a superslab's masks, and brings the index and the count in line with them.
    pub(super) fn change(&mut self, superslab: usize, change: impl FnOnce(&mut SuperSlab)) {
        let header = self.header(superslab);
        let count = |header: &SuperSlab| [header.free, header.kept()].map(|mask| mask.count_ones() as usize);
        let [free, kept] = count(header);
        change(header);
        let [free_now, kept_now] = count(header);
        self.free = self.free + free_now - free;
        self.kept = self.kept + kept_now - kept;
        let header = self.header(superslab);
        let any = [header.free != 0, header.kept() != 0];
        // SAFETY: the index has a pair of words for each 64 superslabs.
        let words = unsafe { &mut *self.index().add(superslab / 64) };
        let had = words[REUSE] >> (superslab % 64) & 1;
        for (word, any) in words.iter_mut().zip(any) {
            *word = *word & !(1 << (superslab % 64)) | u64::from(any) << (superslab % 64);
        }
        self.reusable = self.reusable - had as usize + usize::from(any[REUSE]);
    }

    /// The index words: superslabs with a free slab, and with one that is dirty.
    fn words(&self) -> &[[u64; 2]] {
        if self.meta_end.is_null() {
            return &[];
        }
        // SAFETY: as above.
        unsafe { core::slice::from_raw_parts(self.index(), self.committed.div_ceil(64)) }
    }

    pub(super) fn word(&self, at: usize, kind: usize) -> u64 {
        self.words().get(at).map_or(0, |words| words[kind % 2])
    }

    pub(super) fn take(&mut self, zone: usize, superslab: usize, mask: u64, now_ms: u64) -> Claim {
        let clean = mask & !self.header(superslab).dirty;
        self.change(superslab, |header| {
            header.free &= !mask;
            header.touched_ms = now_ms;
        });
        Claim { zone, superslab, mask, fresh: clean == mask }
    }

    fn claim_one(&mut self, zone: usize, now_ms: u64, dice: Option<&Dice>) -> Option<Claim> {
        for kind in [REUSE, AVAIL] {
            let Some(at) = self.words().iter().position(|words| words[kind % 2] != 0) else { continue };
            let superslab = at * 64 + self.word(at, kind).trailing_zeros() as usize;
            let header = self.header(superslab);
            let reusable = header.free & header.dirty;
            let from = if reusable != 0 { reusable } else { header.free };
            return Some(self.take(zone, superslab, 1 << pick(from, dice), now_ms));
        }
        None
    }

    /// True if a run of so many slabs is free.
    fn fits(&mut self, slabs: usize) -> bool {
        (0..self.committed.div_ceil(64)).any(|at| {
            let mut word = self.word(at, AVAIL);
            while word != 0 {
                let superslab = at * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                if run_starts(self.header(superslab).free, slabs) != 0 {
                    return true;
                }
            }
            false
        })
    }

    fn claim_run(
        &mut self,
        zone: usize,
        slabs: usize,
        align: usize,
        now_ms: u64,
        dice: Option<&Dice>,
    ) -> Option<Claim> {
        let places = multiples(align);
        let mut second = None;
        for at in 0..self.committed.div_ceil(64) {
            let mut word = self.word(at, AVAIL);
            while word != 0 {
                let superslab = at * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                let header = self.header(superslab);
                let starts = run_starts(header.free, slabs) & places;
                let used_before = starts & run_starts(header.free & header.dirty, slabs);
                if used_before != 0 {
                    let mask = low(slabs) << pick(used_before, dice);
                    return Some(self.take(zone, superslab, mask, now_ms));
                }
                if starts != 0 && second.is_none() {
                    second = Some((superslab, low(slabs) << pick(starts, dice)));
                }
            }
        }
        let (superslab, mask) = second?;
        Some(self.take(zone, superslab, mask, now_ms))
    }
}

impl Pool {
    /// A pool without zones.
    pub const fn new() -> Self {
        Self {
            zones: [PoolZone::NONE; ZONES],
            count: 0,
            most: usize::MAX,
            allowance: Allowance::new(),
            spare: 0,
            dice: None,
        }
    }

    /// Adds a zone whose metadata ends there: what stands behind it of the index is committed and zero, and no
    /// superslab is available yet.
    pub fn add_zone(&mut self, meta_end: *mut u8, superslabs: usize) {
        let zone = PoolZone { meta_end, superslabs, ..PoolZone::NONE };
        self.zones[self.count % ZONES] = zone;
        self.count += 1;
    }

    /// Superslabs that all zones have room for.
    pub fn capacity(&self) -> usize {
        self.zones.iter().take(self.count).map(|zone| zone.superslabs).sum()
    }

    /// Superslabs that a zone has room for.
    pub fn superslabs_of(&self, zone: usize) -> usize {
        self.zones[zone % ZONES].superslabs
    }

    /// True if a slab that was used before is free.
    pub fn has_reusable(&self) -> bool {
        self.zones.iter().take(self.count).any(|zone| zone.reusable > 0)
    }

    /// Superslabs that have a free slab that was used before.
    pub fn reusable(&self) -> usize {
        self.zones.iter().take(self.count).map(|zone| zone.reusable).sum()
    }

    /// How far it has grown.
    pub fn extent(&self) -> Extent {
        let last = self.count.checked_sub(1).map_or(PoolZone::NONE, |last| self.zones[last % ZONES]);
        Extent { zones: self.count, committed: last.committed, room: last.superslabs - last.committed }
    }

    /// True if a run of so many slabs is free.
    pub fn fits(&mut self, slabs: usize) -> bool {
        self.zones.iter_mut().take(self.count).any(|zone| zone.fits(slabs))
    }

    /// Makes the superslabs of a zone below `end` available, those that are not yet: all below are
    /// committed, and the new ones are zero, and come in `huge` pages or not.
    pub fn add_superslabs(&mut self, zone: usize, end: usize, huge: bool, now_ms: u64) {
        let zone = &mut self.zones[zone % ZONES];
        for superslab in zone.committed..end {
            zone.committed = superslab + 1;
            *zone.header(superslab) = SuperSlab { touched_ms: now_ms, huge, asked: huge, ..SuperSlab::NONE };
            let before = superslab.checked_sub(1).map(|before| zone.header(before).asked);
            zone.edges += usize::from(before.is_some_and(|asked| asked != huge));
            zone.change(superslab, |header| header.free = u64::MAX);
        }
    }

    /// Takes `slabs` neighbours whose first one's number is a multiple of `align`.
    pub fn claim(&mut self, slabs: usize, align: usize, now_ms: u64) -> Option<Claim> {
        let claim = (0..self.count).find_map(|number| {
            let zone = &mut self.zones[number % ZONES];
            if slabs == 1 && align == 1 {
                zone.claim_one(number, now_ms, self.dice.as_ref())
            } else {
                zone.claim_run(number, slabs, align, now_ms, self.dice.as_ref())
            }
        })?;
        // Taking them left them as they were.
        let missing = claim.mask & !self.zones[claim.zone % ZONES].header(claim.superslab).resident();
        self.allowance.needed(missing.count_ones() as usize);
        Some(claim)
    }

    /// Takes a run as [`Pool::claim`] does, and up to `extra` more slabs of the same superslab. Returns
    /// which of them are dirty beside it.
    pub fn claim_with_extra(&mut self, slabs: usize, extra: usize, now_ms: u64) -> Option<(Claim, u64)> {
        let mut claim = self.claim(slabs, 1, now_ms)?;
        let zone = &mut self.zones[claim.zone % ZONES];
        let header = zone.header(claim.superslab);
        let (mut used, mut clean) = (header.free & header.dirty, header.free & !header.dirty);
        let mut more = take_lowest(&mut used, extra);
        more |= take_lowest(&mut clean, extra - more.count_ones() as usize);
        let missing = more & !header.resident();
        claim.mask |= more;
        let dirty = header.dirty & claim.mask;
        self.allowance.needed(missing.count_ones() as usize);
        zone.change(claim.superslab, |header| header.free &= !more);
        Some((claim, dirty))
    }

    /// Takes up to `most` free slabs that are clean, all of one superslab.
    pub fn claim_clean(&mut self, most: usize, now_ms: u64) -> Option<Claim> {
        for number in 0..self.count {
            let zone = &mut self.zones[number % ZONES];
            for at in 0..zone.committed.div_ceil(64) {
                let mut word = zone.word(at, AVAIL);
                while word != 0 {
                    let superslab = at * 64 + word.trailing_zeros() as usize;
                    word &= word - 1;
                    let header = zone.header(superslab);
                    let mut clean = header.free & !header.dirty;
                    if clean != 0 {
                        let mask = take_lowest(&mut clean, most);
                        return Some(zone.take(number, superslab, mask, now_ms));
                    }
                }
            }
        }
        None
    }

    /// Takes exactly the slabs of `mask`, if all are free: growth in place.
    pub fn claim_exactly(&mut self, zone: usize, superslab: usize, mask: u64, now_ms: u64) -> Option<Claim> {
        let free = self.zones[zone % ZONES].header(superslab).free;
        (free & mask == mask).then(|| self.zones[zone % ZONES].take(zone, superslab, mask, now_ms))
    }

    /// Takes slabs back; `dirty` of them were written to.
    pub fn release(&mut self, zone: usize, superslab: usize, mask: u64, dirty: u64, now_ms: u64) {
        self.zones[zone % ZONES].change(superslab, |header| {
            debug_assert!(header.free & mask == 0, "a slab is given back once");
            header.free |= mask;
            header.dirty |= dirty & mask;
            header.whole |= header.dirty == u64::MAX;
            header.touched_ms = now_ms;
        });
    }

    /// Calls `each` with zone, superslab number and header of every committed superslab.
    pub fn for_each(&mut self, mut each: impl FnMut(usize, usize, &SuperSlab)) {
        for number in 0..self.count {
            for superslab in 0..self.zones[number % ZONES].committed {
                each(number, superslab, self.zones[number % ZONES].header(superslab));
            }
        }
    }

    /// True if the indexes say what the masks say (`pool-index`).
    pub fn is_indexed(&mut self) -> bool {
        (0..self.count).all(|number| {
            let mut zone = self.zones[number % ZONES];
            let (mut all_free, mut kept) = (0, 0);
            (0..zone.committed).all(|superslab| {
                let header = zone.header(superslab);
                all_free += header.free.count_ones() as usize;
                kept += header.kept().count_ones() as usize;
                let (free, reuse) = (header.free != 0, header.kept() != 0);
                let bit = |kind| zone.word(superslab / 64, kind) >> (superslab % 64) & 1 == 1;
                bit(AVAIL) == free && bit(REUSE) == reuse
            }) && (all_free, kept, zone.counted_edges()) == (zone.free, zone.kept, zone.edges)
        })
    }
}

/// One of the places that a mask has, which has one: the lowest, or whichever the dice say.
pub(super) fn pick(mask: u64, dice: Option<&Dice>) -> u32 {
    dice.map_or(mask.trailing_zeros(), |dice| nth_one(mask, dice.below(mask.count_ones() as usize))) % 64
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

const _: () = assert!(SUPERSLAB_SLABS == 64, "a mask has a bit for every slab");
