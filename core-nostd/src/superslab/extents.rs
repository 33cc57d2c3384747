//! Blocks of more than a room holds: runs of frames in areas, which all threads share.
//!
//! A block comes from the area whose longest free run is the shortest that is long enough, and there from the shortest run
//! that is. So long runs stay long, and areas that hold little become empty.
//!
//! `extents`: an area belongs to one share of them, under whose lock it is looked at and changed; it is in the list for its
//! longest free run, and in none if it has none. The territory counts the free frames of all areas, and those of them
//! whose pages are there, and tells the pool, to which an area's slabs are all in use.
//! No lock is held while the provider works, nor two at once.

#![allow(unsafe_code, reason = "follows links between areas")]

use core::ptr::{self, NonNull};

use crate::base::frame_mask::FrameMask;
use crate::base::millis::Millis;
use crate::base::sync::Ordering;
use crate::harden::random::{Dice, KEY_WORDS};
use crate::policy::retention::is_due;
use crate::slab::Slab;
use crate::slab::area::Area;
use crate::slab::frames::Place;

/// Shares of the extents, each under a lock: a thread takes the first that nobody holds.
pub(super) const SHARES: usize = 4;
/// Lists of areas: two a doubling of their longest run.
const LISTS: usize = 19;
/// Areas of a list that are looked at, and those of them that are compared.
const LOOKS: usize = 32;
/// See [`LOOKS`].
const COMPARED: usize = 8;

/// A share of the areas; see the file's head.
#[derive(Debug)]
pub(crate) struct Extents {
    heads: [*const Slab; LISTS],
    /// Bit `l` is set iff list `l` has an area.
    listed: u64,
    /// An area of which no block is out: one stays.
    spare: *const Slab,
    /// Rounds of giving back.
    rounds: usize,
    /// Slabs of all its areas.
    slabs: usize,
    /// Says which of several places a block gets, if it is not to be where it fits best.
    dice: Option<Dice>,
}

// SAFETY: areas belong to who holds the lock (`extents`).
unsafe impl Send for Extents {}

/// The list for areas with so long a run.
const fn list_for(longest: usize) -> usize {
    let top = (longest | 1).ilog2() as usize;
    if top < 1 { longest } else { top * 2 + (longest >> (top - 1)) % 2 }
}

fn slab<'a>(pointer: *const Slab) -> Option<&'a Slab> {
    // SAFETY: links lead to slab records, which are never unmapped.
    unsafe { pointer.as_ref() }
}

impl Extents {
    /// No area yet.
    pub(super) const fn new() -> Self {
        Self { heads: [ptr::null(); LISTS], listed: 0, spare: ptr::null(), rounds: 0, slabs: 0, dice: None }
    }

    /// Where an area belongs, as [`Area::list`] says it.
    pub(crate) fn list_of(area: Area<'_>) -> usize {
        let longest = area.longest();
        if longest == 0 { 0 } else { list_for(longest) + 1 }
    }

    fn unlist(&mut self, area: Area<'_>) {
        let Some(list) = area.list().checked_sub(1) else { return };
        let (next, prev) = (area.slab.next.get(), area.slab.prev.get());
        if let Some(next) = slab(next) {
            next.prev.set(prev);
        }
        match slab(prev) {
            Some(prev) => prev.next.set(next),
            None => {
                self.heads[list % LISTS] = next;
                if next.is_null() {
                    self.listed &= !(1 << list);
                }
            }
        }
        area.set_list(0);
    }

    /// Lists an area where it belongs now.
    pub(super) fn relist(&mut self, area: Area<'_>) {
        let list = Self::list_of(area);
        if list == area.list() {
            return;
        }
        self.unlist(area);
        if let Some(list) = list.checked_sub(1) {
            let head = &mut self.heads[list % LISTS];
            area.slab.next.set(*head);
            area.slab.prev.set(ptr::null());
            if let Some(first) = slab(*head) {
                first.prev.set(area.slab);
            }
            *head = area.slab;
            self.listed |= 1 << list;
            area.set_list(list + 1);
        }
    }

    /// The areas of a list.
    fn areas<'a>(&self, list: usize) -> impl Iterator<Item = Area<'a>> + use<'a> {
        core::iter::successors(slab(self.heads[list % LISTS]), |area| slab(area.next.get())).map(Area::of)
    }

    /// The area and the place in it where so many frames fit best.
    pub(super) fn best_fit<'a>(&self, frames: usize, align: usize) -> Option<(Area<'a>, Place)> {
        let mut lists = self.listed & !((1 << list_for(frames)) - 1);
        while lists != 0 {
            let areas = self.areas(lists.trailing_zeros() as usize).take(LOOKS);
            let fits = areas.filter(|area| area.longest() >= frames).take(COMPARED);
            let best = fits.min_by_key(|area| area.longest());
            // Of an area with a long run none may be at a multiple.
            if let Some(area) = best
                && let Some(start) = self.place(area, frames, align)
            {
                return Some((area, start));
            }
            lists &= lists - 1;
        }
        None
    }

    pub(super) fn place(&self, area: Area<'_>, frames: usize, align: usize) -> Option<Place> {
        let place = area.best_fit(frames, align)?;
        Some(self.dice.as_ref().map_or(place, |dice| place.scattered(align, dice)))
    }

    /// A block was taken from an area, or grew.
    pub(super) fn taken(&mut self, area: Area<'_>) {
        if ptr::eq(self.spare, area.slab) {
            self.spare = ptr::null();
        }
        self.relist(area);
    }

    /// Frames of an area came back. Returns the area if it is to go, and is out of everything then.
    pub(super) fn came_back(&mut self, area: Area<'_>) -> Option<NonNull<Slab>> {
        self.relist(area);
        if !area.is_empty() {
            return None;
        }
        if self.spare.is_null() && !area.slab.guarded.get() {
            self.spare = area.slab;
            return None;
        }
        Some(self.let_go(area))
    }

    /// An area comes to the share.
    pub(super) fn adopt(&mut self, area: Area<'_>) {
        self.slabs += usize::from(area.slab.slabs.load(Ordering::Relaxed));
        self.relist(area);
    }

    /// Slabs of all its areas.
    pub(super) const fn slabs(&self) -> usize {
        self.slabs
    }

    /// Blocks get places by chance from now on.
    pub(super) fn scatter(&mut self, key: [u32; KEY_WORDS]) {
        self.dice = Some(Dice::new(key));
    }

    /// In the child of a fork: not the places that they get in the parent.
    pub(super) fn scatter_anew(&self, key: [u32; KEY_WORDS]) {
        self.dice.iter().for_each(|dice| dice.rekey(key));
    }

    /// A round of giving back begins: its number.
    pub(super) const fn begin_round(&mut self) -> usize {
        self.rounds += 1;
        self.rounds
    }

    /// The area of which no block has been out for `delay`, which is out of everything then.
    pub(super) fn take_spare(&mut self, now: Millis, delay: Millis) -> Option<NonNull<Slab>> {
        let spare = slab(self.spare).filter(|spare| is_due(now, Area::of(spare).touched(), delay))?;
        self.spare = ptr::null();
        Some(self.let_go(Area::of(spare)))
    }

    fn let_go(&mut self, area: Area<'_>) -> NonNull<Slab> {
        self.unlist(area);
        self.slabs -= usize::from(area.slab.slabs.load(Ordering::Relaxed));
        NonNull::from(area.slab)
    }

    /// Takes free frames out of an area that this round has not seen, if it was left alone for `delay`: runs that have
    /// `least` frames whose pages are there. Returns the area.
    pub(super) fn take_out(
        &mut self,
        round: usize,
        now: Millis,
        delay: Millis,
        least: usize,
        frames: &mut FrameMask,
    ) -> Option<NonNull<Slab>> {
        let mut lists = self.listed;
        while lists != 0 {
            let list = lists.ilog2() as usize;
            lists &= !(1 << list);
            for area in self.areas(list) {
                if area.round() == round || !is_due(now, area.touched(), delay) {
                    continue;
                }
                area.set_round(round);
                for (first, length) in area.kept().runs().filter(|&(_, length)| length >= least) {
                    frames.insert(first, length);
                }
                if !frames.is_empty() {
                    area.take_out(*frames);
                    self.taken(area);
                    return Some(NonNull::from(area.slab));
                }
            }
        }
        None
    }
}
