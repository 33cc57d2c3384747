//! What is free in areas goes back: holes between blocks by their age, and areas of which no block is out.

#![allow(unsafe_code, reason = "names parts of a zone to the provider")]

use core::ptr::NonNull;

use super::Territory;
use crate::base::address::{align_down, align_up};
use crate::base::frame_mask::FrameMask;
use crate::base::millis::Millis;
use crate::base::slab_mask::SlabMask;
use crate::base::sync::Ordering;
use crate::config::geometry::{FRAME_SHIFT, SLAB_FRAMES, SUPERSLAB_SLABS};
use crate::harden::Finder;
use crate::pages::{PageProvider, Purged};
use crate::policy::retention::LEAST_SURPLUS;
use crate::slab::Slab;
use crate::slab::area::Area;

impl<P: PageProvider> Territory<P> {
    /// An area that is out of its share, and of which all is free, goes back to the pool.
    pub(super) fn release_area(&self, slab: NonNull<Slab>) {
        // SAFETY: records are never unmapped, and this one is nobody else's now.
        let area = Area::of(unsafe { slab.as_ref() });
        self.look_at_frames(area, self.unfill(area, 0, area.frames()), Finder::Give);
        let dirty = area.dirty();
        let (first, slabs) = (area.slab.index(), area.frames() / SLAB_FRAMES);
        let is_dirty = |slab: &usize| !(dirty & FrameMask::run(slab * SLAB_FRAMES, SLAB_FRAMES)).is_empty();
        let dirty_slabs = (0..slabs).filter(is_dirty).map(|slab| SlabMask::one((first + slab) % SUPERSLAB_SLABS));
        self.note(-(area.frames() as isize), -(dirty.count() as isize));
        let used = area.touched();
        self.release_span_used(area.slab, dirty_slabs.fold(SlabMask::NONE, |all, slab| all | slab), used);
    }

    /// Areas of which no block has been out for `delay` go back to the pool; true if there was one.
    pub(super) fn release_spare_areas(&self, now: Millis, delay: Millis) -> bool {
        let mut any = false;
        for share in &self.extents {
            let goes = share.lock().take_spare(now, delay);
            any |= goes.is_some();
            goes.into_iter().for_each(|area| self.release_area(area));
        }
        any
    }

    /// Gives back the pages of free frames in areas that have been left alone for `delay`; returns the bytes.
    pub(super) fn purge_areas(&self, now: Millis, delay: Millis) -> usize {
        self.purge_areas_by(now, delay, 1, false)
    }

    /// The same of long runs, whenever they were used, while there is a surplus.
    pub(super) fn purge_surplus_areas(&self, now: Millis) {
        let least = LEAST_SURPLUS * SLAB_FRAMES;
        self.purge_areas_by(now, Millis::ZERO, least, true);
    }

    fn purge_areas_by(&self, now: Millis, delay: Millis, least: usize, surplus: bool) -> usize {
        let mut purged = 0;
        for share in &self.extents {
            let round = share.lock().begin_round();
            while !surplus || self.informed_pool().surplus() > 0 {
                let mut frames = FrameMask::NONE;
                let Some(area) = share.lock().take_out(round, now, delay, least, &mut frames) else { break };
                // SAFETY: records are never unmapped; with frames out of it an area stays one.
                let area = Area::of(unsafe { area.as_ref() });
                let zeroed = self.purge_frames(area, &frames);
                let (all, clean) = (frames.count(), zeroed.count());
                purged += clean;
                let slabs = clean.div_ceil(SLAB_FRAMES);
                let mut pool = self.informed_pool();
                if surplus {
                    pool.allowance.gone(slabs, now)
                } else {
                    pool.allowance.unused(slabs)
                }
                drop(pool);
                let mut locked = share.lock();
                area.put_back(frames, zeroed);
                let goes = locked.came_back(area);
                drop(locked);
                self.note(all as isize, (all - clean) as isize);
                goes.into_iter().for_each(|area| self.release_area(area));
            }
        }
        purged << FRAME_SHIFT
    }

    /// Gives the whole pages of frames back that are out of their area; returns those that are zero now.
    fn purge_frames(&self, area: Area<'_>, frames: &FrameMask) -> FrameMask {
        let all = frames.count() as isize;
        self.note(-all, -all);
        self.look_at_frames(area, area.filled(*frames), Finder::Give);
        let (base, page) = (area.slab.base.load(Ordering::Relaxed), self.provider.page_bytes());
        let mut zeroed = FrameMask::NONE;
        for (first, length) in frames.runs() {
            let start = align_up(base.wrapping_add(first << FRAME_SHIFT), page);
            let end = align_down(base.wrapping_add((first + length) << FRAME_SHIFT), page);
            let bytes = end.addr().saturating_sub(start.addr());
            if let Some(run) = NonNull::new(start).filter(|_| bytes > 0)
                // SAFETY: committed, and taken out just for this.
                && unsafe { self.provider.purge(run, bytes) } == Purged::Zeroed
            {
                zeroed.insert((start.addr() - base.addr()) >> FRAME_SHIFT, bytes >> FRAME_SHIFT);
            }
        }
        zeroed
    }
}
