//! The bounded profile: every call takes a number of steps that does not depend on what is in the heap.
//!
//! ```text
//! region   | marks: a bit a granule | granule 1 | granule 2 | …          granules of 16 bytes
//! hole     | next, before, size, bin | …             … | size |          u16 each, the last one at the end
//! ```
//! Blocks have no header: a free says how large the block is, as `Layout` does. Whether the neighbours of a block are
//! free stands in the [marks](marks), how large they are in the holes themselves, and holes are found by
//! [bins](bins). So a call looks at two neighbours and three lists at most.
//!
//! | name | what holds between two calls |
//! |---|---|
//! | `marks` | exactly the first and the last granule of each live block, and the bits at both ends, are ones |
//! | `bins` | every hole is in the list of its size, with `next` and `before` true, and its size in its first and last bytes; no two holes touch |

#![allow(unsafe_code, reason = "the lists live in the free memory of the region")]

mod audit;
mod bins;
mod marks;

use core::alloc::Layout;
use core::mem::offset_of;
use core::ptr::null_mut;

use self::bins::{Bin, Bins};
use self::marks::{Beside, Marks};
use super::profile::{Profile, RegionError};
use super::scan::MOST;
use crate::base::address::align_up;
use crate::harden::FaultKind;
use crate::inspect::Broken;

/// log2 of a granule: sizes and places are multiples of it.
const GRANULE_SHIFT: u32 = 4;
const GRANULE: usize = 1 << GRANULE_SHIFT;
const HALF: usize = GRANULE / 2;

/// What stands where a granule begins, in half a granule before and half a one behind: the end of one hole, and the
/// start of another. Granules are named by their numbers, 0 is none.
///
/// One struct for both, so that every access is an address and a displacement. What is not a hole's is a block's: no
/// reference to a whole one is ever made.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Edge {
    block: [u16; 3],
    /// Of the hole that ends here, in granules.
    size_before: u16,
    /// The holes beside the one that begins here in its bin.
    links: Links,
    /// Its size, in granules.
    size: u16,
    /// The number of its bin.
    bin: u16,
}

/// The holes beside one in its bin.
#[derive(Clone, Copy)]
#[repr(C)]
struct Links {
    next: u16,
    before: u16,
}

const _: () = assert!(size_of::<Edge>() == GRANULE && offset_of!(Edge, links) == HALF, "an edge is in the middle");
const _: () = assert!(cfg!(target_endian = "little"), "a hole is written as two words");

/// Nothing, or one region and its holes. All zero is the heap without a region, of which nothing can be had.
pub struct Bounded {
    marks: Marks,
    /// That of granule 0, which there is not: granules count from 1.
    edges: *mut Edge,
    last: usize,
    bins: Bins,
}

const fn granules(bytes: usize) -> usize {
    (bytes + (GRANULE - 1)) >> GRANULE_SHIFT
}

impl Bounded {
    #[inline(always)]
    fn edge(&self, at: usize) -> *mut Edge {
        self.edges.wrapping_add(at)
    }

    #[inline(always)]
    fn block(&self, at: usize) -> *mut u8 {
        self.edge(at).cast::<u8>().wrapping_add(HALF)
    }

    /// The granule before a block; none of ours for a pointer between two granules.
    #[inline(always)]
    fn before(&self, block: *mut u8) -> usize {
        block.addr().wrapping_sub(self.edges.addr() + HALF + GRANULE).rotate_right(GRANULE_SHIFT)
    }

    /// Takes the marks of a block away, and tells what is beside it, if it can be a live one.
    #[inline(always)]
    fn unmark(&mut self, before: usize, size: usize) -> Result<Beside, FaultKind> {
        let last = before.wrapping_add(size);
        if before >= self.last || last > self.last {
            return Err(FaultKind::Foreign);
        }
        // SAFETY: in the region.
        unsafe { self.marks.clear(before, last) }
    }

    /// Says to a hole who is before it in its bin.
    ///
    /// # Safety
    ///
    /// `at` is a hole.
    #[inline(always)]
    unsafe fn set_before(&mut self, at: u16, before: usize) {
        // SAFETY: the caller's promise.
        unsafe { (*self.edge(usize::from(at))).links.before = before as u16 };
    }

    /// Writes what stands at both ends of a hole that is the first one in its bin.
    ///
    /// # Safety
    ///
    /// The granules are nobody's, and `next` is the hole behind it in its bin.
    #[inline(always)]
    unsafe fn write_first(&mut self, at: usize, size: usize, bin: Bin, next: u16) {
        // SAFETY: the caller's promise.
        unsafe {
            // Two words, not four numbers.
            let words = (&raw mut (*self.edge(at)).links).cast::<[u32; 2]>();
            words.write([u32::from(next), (size | bin.number() << 16) as u32]);
            (*self.edge(at + size)).size_before = size as u16;
            if next != 0 {
                self.set_before(next, at);
            }
        }
    }

    /// Enters a hole into its bin.
    ///
    /// # Safety
    ///
    /// The granules are nobody's, and no hole touches them.
    #[inline(always)]
    unsafe fn link(&mut self, at: usize, size: usize) {
        let bin = Bin::of(size);
        let next = self.bins.push(bin, at);
        // SAFETY: the caller's promise; `bins`: `next` was the first one.
        unsafe { self.write_first(at, size, bin, next) };
    }

    /// Takes a hole out of its bin, and tells its size.
    ///
    /// # Safety
    ///
    /// There is a hole.
    #[inline(always)]
    unsafe fn unlink(&mut self, at: usize) -> usize {
        // SAFETY: the caller's promise; `bins`: its neighbours in the list.
        unsafe {
            let hole = self.edge(at);
            let Links { next, before } = (*hole).links;
            if next != 0 {
                self.set_before(next, usize::from(before));
            }
            let size = usize::from((*hole).size);
            if before != 0 {
                (*self.edge(usize::from(before))).links.next = next;
            } else {
                let bin = Bin::named(u32::from((*hole).bin));
                self.bins.pop(bin, next);
            }
            size
        }
    }

    /// A hole in which there is room, the first one in its bin, and the bin.
    #[inline(always)]
    fn find(&mut self, size: usize) -> Option<(usize, Bin)> {
        // In the bin of its size some holes are large enough, in those behind it all are.
        let bin = Bin::of(size);
        let at = usize::from(*self.bins.head(bin));
        // SAFETY: `bins`: a hole.
        if at != 0 && usize::from(unsafe { (*self.edge(at)).size }) >= size {
            return Some((at, bin));
        }
        let bin = self.bins.find_behind(bin)?;
        Some((usize::from(*self.bins.head(bin)), bin))
    }

    /// Takes the first hole of a bin out of it.
    ///
    /// # Safety
    ///
    /// `next` is the one behind it.
    #[inline(always)]
    unsafe fn pop(&mut self, bin: Bin, next: u16) {
        self.bins.pop(bin, next);
        if next != 0 {
            // SAFETY: the caller's promise.
            unsafe { self.set_before(next, 0) };
        }
    }

    /// Makes granules without marks a hole, one with the holes that touch them.
    ///
    /// # Safety
    ///
    /// The granules are nobody's, and this is what is beside them.
    #[inline(always)]
    unsafe fn merge(&mut self, mut at: usize, mut size: usize, beside: Beside) {
        // SAFETY: `marks`: holes are where they say.
        unsafe {
            if beside.is_free_behind {
                size += self.unlink(at + size);
            }
            if beside.is_free_before {
                at -= usize::from((*self.edge(at)).size_before);
                size += self.unlink(at);
            }
            self.link(at, size);
        }
    }

    /// [`Bounded::merge`] where it may take a call more.
    ///
    /// # Safety
    ///
    /// The same.
    #[cold]
    #[inline(never)]
    unsafe fn merge_cold(&mut self, at: usize, size: usize, beside: Beside) {
        // SAFETY: the caller's promise.
        unsafe { self.merge(at, size, beside) };
    }

    /// A block whose alignment a granule does not have by itself.
    #[inline(never)]
    fn take_aligned(&mut self, layout: Layout) -> *mut u8 {
        let (align, size) = (layout.align(), granules(layout.size()));
        let spare = (align - 1) >> GRANULE_SHIFT;
        if size + spare > MOST as usize {
            return null_mut();
        }
        let Some((at, bin)) = self.find(size + spare) else { return null_mut() };
        let pad = (self.block(at).addr().wrapping_neg() & (align - 1)) >> GRANULE_SHIFT;
        // SAFETY: `find` found it.
        let (next, whole) = unsafe { ((*self.edge(at)).links.next, usize::from((*self.edge(at)).size)) };
        let rest = whole - pad - size;
        // SAFETY: `find` found it; what is beside the block is nobody's.
        unsafe {
            self.pop(bin, next);
            if pad != 0 {
                self.link(at, pad);
            }
            if rest != 0 {
                self.link(at + pad + size, rest);
            }
        }
        self.marked(at + pad, size)
    }

    /// Marks granules as a block.
    #[inline(always)]
    fn marked(&mut self, at: usize, size: usize) -> *mut u8 {
        // SAFETY: in the region.
        unsafe {
            self.marks.set(at);
            self.marks.set(at + size - 1);
        }
        self.block(at)
    }
}

// SAFETY: `bins`, `marks`: what is taken leaves the holes, so that nothing else is taken from there until it comes back.
unsafe impl Profile for Bounded {
    const EMPTY: Self = Self { marks: Marks::NONE, edges: null_mut(), last: 0, bins: Bins::EMPTY };
    /// A granule of marks, and one of blocks.
    const LEAST_BYTES: usize = 2 * GRANULE;
    const MOST_BYTES: usize = MOST as usize * GRANULE;

    unsafe fn adopt(&mut self, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
        // The marks take the first bytes; the blocks begin at a multiple of a granule.
        let first = |last| align_up(start.wrapping_add(Marks::bytes(last)), GRANULE);
        let needed = |last| first(last).addr().wrapping_sub(start.addr()) + last * GRANULE;
        let mut last = bytes / GRANULE;
        while last > 0 && needed(last) > bytes {
            last -= 1;
        }
        if last == 0 {
            return Err(RegionError::TooSmall);
        }
        let first = first(last);
        self.edges = first.wrapping_sub(GRANULE + HALF).cast();
        self.last = last;
        // SAFETY: the caller's promise; the marks end before the first granule.
        self.marks = unsafe { Marks::new(start, last) };
        // SAFETY: all of it is free, and nothing else is.
        unsafe { self.merge_cold(1, last, Beside::NOTHING) };
        Ok(())
    }

    fn has_room(&self) -> Result<(), RegionError> {
        if self.last == 0 { Ok(()) } else { Err(RegionError::Taken) }
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        if layout.align() > GRANULE {
            return self.take_aligned(layout);
        }
        let size = granules(layout.size());
        if size >> 16 != 0 {
            return null_mut();
        }
        let Some((at, bin)) = self.find(size) else { return null_mut() };
        // SAFETY: `find` found it.
        let (next, whole) = unsafe { ((*self.edge(at)).links.next, usize::from((*self.edge(at)).size)) };
        let (rest, behind) = (whole - size, at + size);
        // SAFETY: `find` found it; what is left of it is nobody's.
        unsafe {
            if rest != 0 && Bin::of(rest) == bin {
                // The rest stands in the list where the hole stood.
                *self.bins.head(bin) = behind as u16;
                self.write_first(behind, rest, bin, next);
            } else {
                self.pop(bin, next);
                if rest != 0 {
                    self.link(behind, rest);
                }
            }
        }
        self.marked(at, size)
    }

    unsafe fn give(&mut self, block: *mut u8, layout: Layout) -> Result<(), FaultKind> {
        let (before, size) = (self.before(block), granules(layout.size()));
        let beside = self.unmark(before, size)?;
        // SAFETY: a live block, which the caller does not use any more.
        unsafe { self.merge(before + 1, size, beside) };
        Ok(())
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind> {
        let (before, old, new) = (self.before(block), granules(layout.size()), granules(bytes));
        let beside = self.unmark(before, old)?;
        let (at, behind) = (before + 1, before + 1 + old);
        // SAFETY: a live block, of which the caller does not use what is cut off; `marks`: the hole behind it.
        unsafe {
            let fits = new <= old || beside.is_free_behind && usize::from((*self.edge(behind)).size) >= new - old;
            self.marked(at, if fits { new } else { old });
            if fits && new > old {
                let rest = self.unlink(behind) + old - new;
                if rest != 0 {
                    self.merge_cold(at + new, rest, Beside::NOTHING);
                }
            }
            if new < old {
                self.merge_cold(at + new, old - new, Beside { is_free_before: false, ..beside });
            }
            Ok(fits)
        }
    }

    fn holes(&self, each: &mut dyn FnMut(usize)) {
        for (_, head, _) in self.bins.all() {
            let mut at = usize::from(head);
            while at != 0 {
                // SAFETY: `bins`: a hole.
                let (size, links) = unsafe { ((*self.edge(at)).size, (*self.edge(at)).links) };
                each(usize::from(size) << GRANULE_SHIFT);
                at = usize::from(links.next);
            }
        }
    }

    fn capacity(&self) -> usize {
        self.last << GRANULE_SHIFT
    }

    fn overhead(&self) -> usize {
        if self.last == 0 { 0 } else { Marks::bytes(self.last) }
    }

    fn footprint(&self, _: *mut u8, layout: Layout) -> usize {
        granules(layout.size()) << GRANULE_SHIFT
    }

    fn audit(&self) -> Result<(), Broken> {
        self.walk()
    }
}
