//! Blocks of more than a room holds, as the allocator knows them: taken, given back, resized.

#![allow(unsafe_code, reason = "looks at frames that were filled")]

use core::ptr::{self, NonNull};

use super::Territory;
use super::extents::{Extents, SHARES};
use super::pool::{Claim, Pool, Wish};
use crate::base::frame_mask::FrameMask;
use crate::base::millis::Millis;
use crate::base::slab_mask::SlabMask;
use crate::base::sync::{Guard, Lock, Ordering};
use crate::config::flags::Harden;
use crate::config::geometry::{AREA_SLABS, FRAME_BYTES, FRAME_SHIFT, SLAB_FRAMES, SUPERSLAB_SLABS};
use crate::harden::Finder;
use crate::pages::PageProvider;
use crate::slab::area::Area;
use crate::slab::frames::{Frame, Place};
use crate::slab::{SizeClass, Slab};

/// Slabs of the first area.
const FIRST_SLABS: usize = 16;

impl<P: PageProvider> Territory<P> {
    /// Blocks get places by chance from now on.
    pub(crate) fn scatter_extents(&self) {
        for share in &self.extents {
            share.lock().scatter(self.provider.key());
        }
    }

    /// In the child of a fork: not the places that they get in the parent.
    pub(crate) fn scatter_extents_anew(&self) {
        let shares = self.extents.iter().filter_map(Lock::try_lock);
        shares.for_each(|share| share.scatter_anew(self.provider.key()));
    }

    /// A block of at least `bytes` at a multiple of `align`; true beside it if it reads as zero.
    pub fn take_extent(&self, bytes: usize, align: usize) -> Option<(*mut u8, bool)> {
        let (frames, align) = (bytes.div_ceil(FRAME_BYTES).max(1), align.div_ceil(FRAME_BYTES).max(1));
        let mut share = self.any_share();
        if !self.measures.has(Harden::GUARD_SLABS)
            && let Some((area, place)) = share.1.best_fit(frames, align)
        {
            return Some(self.take_from(share.1, area, place, frames));
        }
        let (number, slabs) = (share.0, share.1.slabs());
        drop(share);
        let (area, dirty) = self.claim_area(frames, align, slabs)?;
        let area = Area::of(area);
        area.open(dirty, number);
        share = (number, self.extents[number % SHARES].lock());
        share.1.adopt(area);
        self.note(area.frames() as isize, dirty.count().min(area.frames()) as isize);
        let (place, frames) = if self.measures.has(Harden::GUARD_SLABS) {
            // Up to the guard, from as near to it as alignment allows.
            let start = (area.frames() - frames.next_multiple_of(SLAB_FRAMES)) & !(align - 1);
            (Place::at(start), area.frames() - start)
        } else {
            (share.1.place(area, frames, align).unwrap_or(Place::at(0)), frames)
        };
        Some(self.take_from(share.1, area, place, frames))
    }

    /// The first share that nobody holds, and its number.
    fn any_share(&self) -> (usize, Guard<'_, Extents, P>) {
        let free = self.extents.iter().enumerate().find_map(|(number, share)| Some((number, share.try_lock()?)));
        free.unwrap_or_else(|| (0, self.extents[0].lock()))
    }

    /// The area of a record, under its lock; `None` if it is none any more.
    fn area_of<'a>(&self, slab: &'a Slab) -> Option<(Area<'a>, Guard<'_, Extents, P>)> {
        let area = Area::of(slab);
        let share = self.extents[area.share() % SHARES].lock();
        (slab.class() == SizeClass::EXTENT && slab.tag.back() == 0).then_some((area, share))
    }

    fn take_from(
        &self,
        mut share: Guard<'_, Extents, P>,
        area: Area<'_>,
        place: Place,
        frames: usize,
    ) -> (*mut u8, bool) {
        let (start, clean) = (place.start, area.take(place, frames));
        let filled = self.unfill(area, start, frames);
        area.touch(self.recent());
        share.taken(area);
        drop(share);
        self.took(frames, clean);
        self.look_at_frames(area, filled, Finder::Take);
        (area.slab.base.load(Ordering::Relaxed).wrapping_add(start << FRAME_SHIFT), clean == frames)
    }

    /// An area for a block of so many frames, where `slabs` are in areas already: as many again, so that programs of few
    /// such blocks have small ones.
    fn claim_area(&self, frames: usize, align: usize, slabs: usize) -> Option<(&Slab, FrameMask)> {
        let align = align.div_ceil(SLAB_FRAMES);
        let least = frames.div_ceil(SLAB_FRAMES).max(AREA_SLABS);
        if self.measures.has(Harden::GUARD_SLABS) {
            let slab = self.claim_guarded(SizeClass::EXTENT, least, align, ptr::null(), true)?;
            return Some((slab, if slab.fresh.get() { FrameMask::NONE } else { !FrameMask::NONE }));
        }
        let most = if self.provider.addresses_are_memory() { least } else { SUPERSLAB_SLABS };
        let first = FIRST_SLABS.max(least).min(most);
        let wanted = slabs.max(first).min(most);
        let mut sizes = [(wanted, false), (first, false), (wanted, true), (least, false)].into_iter();
        let (claim, dirty) = sizes.find_map(|(slabs, grow)| self.claim_by(grow, Wish::ForFrames(slabs, align)))?;
        let dirty = dirty >> claim.mask.first();
        let mut frames = FrameMask::NONE;
        dirty.for_each_run(|slab, slabs| frames.insert(slab * SLAB_FRAMES, slabs * SLAB_FRAMES));
        Some((self.open(claim, SizeClass::EXTENT, ptr::null()), frames))
    }

    /// Those of some frames that were filled, which are not any more.
    pub(super) fn unfill(&self, area: Area<'_>, first: usize, frames: usize) -> FrameMask {
        if !self.measures.has(Harden::HOLDS) {
            return FrameMask::NONE;
        }
        let frames = FrameMask::run(first, frames);
        let filled = area.filled(frames);
        area.set_filled(frames, false);
        filled
    }

    /// Frames were filled, and nobody could write to them since.
    pub(super) fn look_at_frames(&self, area: Area<'_>, filled: FrameMask, finder: Finder) {
        if filled.is_empty() {
            return;
        }
        let base = area.slab.base.load(Ordering::Relaxed);
        for (first, length) in filled.runs() {
            // SAFETY: the caller has them to itself.
            unsafe { self.measures.look_at(base.wrapping_add(first << FRAME_SHIFT), length << FRAME_SHIFT, finder) };
        }
    }

    /// What a frame of an area is.
    pub(crate) fn frame_at(&self, slab: &Slab, frame: usize) -> Frame {
        self.area_of(slab).map_or(Frame::Free(true), |(area, _share)| area.at(frame))
    }

    /// Frees the client's block that starts there; false if there is none.
    pub fn give_extent(&self, slab: &Slab, start: usize) -> bool {
        self.end_extent(slab, |area| area.give(start))
    }

    /// Frees the block that starts there, waits, and was filled.
    pub fn give_waiting_extent(&self, slab: &Slab, start: usize) -> bool {
        self.end_extent(slab, |area| {
            let frames = area.give_waiting(start);
            area.set_filled(FrameMask::run(start, frames), true);
            frames
        })
    }

    fn end_extent(&self, slab: &Slab, end: impl FnOnce(Area<'_>) -> usize) -> bool {
        let Some((area, mut share)) = self.area_of(slab) else { return false };
        let frames = end(area);
        if frames == 0 {
            return false;
        }
        area.touch(self.recent());
        let goes = share.came_back(area);
        drop(share);
        self.gave(frames, goes);
        true
    }

    /// Has the client's block that starts there wait. Returns its bytes; 0 if there is none.
    pub fn wait_extent(&self, slab: &Slab, start: usize) -> usize {
        self.area_of(slab).map_or(0, |(area, _share)| area.wait(start)) << FRAME_SHIFT
    }

    /// Makes the client's block that starts there so many bytes long where it stands; false if what follows is taken.
    pub fn resize_extent(&self, slab: &Slab, start: usize, bytes: usize) -> bool {
        let frames = bytes.div_ceil(FRAME_BYTES);
        let Some((area, mut share)) = self.area_of(slab) else { return false };
        let Frame::Block(_, old) = area.at(start) else { return false };
        if frames == old {
            return true;
        }
        if slab.guarded.get() {
            // The guard stays where it is.
            return frames <= old && frames > old / 2;
        }
        if frames < old {
            area.shorten(start + frames, old - frames);
            if self.measures.has(Harden::HOLDS) {
                area.set_filled(FrameMask::run(start + frames, old - frames), true);
            }
            area.touch(self.recent());
            share.relist(area);
            drop(share);
            self.gave(old - frames, None);
            return true;
        }
        if !area.are_free(start + old, frames - old) {
            return false;
        }
        let clean = area.lengthen(start + old, frames - old);
        let filled = self.unfill(area, start + old, frames - old);
        area.touch(self.recent());
        share.taken(area);
        drop(share);
        self.took(frames - old, clean);
        self.look_at_frames(area, filled, Finder::Take);
        true
    }

    /// So many free frames are more than there were, and so many of them have their pages.
    pub(super) fn note(&self, free: isize, kept: isize) {
        self.free_frames.fetch_add(free as usize, Ordering::Relaxed);
        self.kept_frames.fetch_add(kept as usize, Ordering::Relaxed);
    }

    /// Frames went to a block, so many of them without their pages.
    fn took(&self, frames: usize, clean: usize) {
        self.note(-(frames as isize), -((frames - clean) as isize));
        if clean > 0 {
            let now = self.recent();
            self.informed_pool().needed(clean.div_ceil(SLAB_FRAMES), now);
        }
    }

    /// Frames came from a block, and with the last one perhaps an area to let go.
    fn gave(&self, frames: usize, area: Option<NonNull<Slab>>) {
        self.note(frames as isize, frames as isize);
        match area {
            Some(area) => self.release_area(area),
            None => {
                let surplus = self.informed_pool().surplus() > 0;
                self.surplus.store(surplus, Ordering::Relaxed);
            }
        }
    }

    /// The pool, which knows what is free in areas.
    pub(super) fn informed_pool(&self) -> Guard<'_, Pool, P> {
        let mut pool = self.pool.lock();
        (pool.free_frames, pool.kept_frames) = self.frames();
        pool
    }
}

impl Pool {
    /// Takes a run as [`Pool::claim`] does, of which nothing is used yet. Which of its slabs are dirty is for the taker to
    /// know from now on.
    pub(super) fn claim_for_frames(&mut self, slabs: usize, align: usize, now: Millis) -> Option<(Claim, SlabMask)> {
        let claim = self.find(slabs, align, now)?;
        let dirty = self.header(claim.place).dirty & claim.mask;
        self.zones[claim.place.zone].change(claim.place.superslab, |header| header.dirty &= !claim.mask);
        Some((claim, dirty))
    }
}
