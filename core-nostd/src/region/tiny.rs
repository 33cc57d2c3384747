//! The tiny profile: one list of holes in the order of their addresses, first fit, no header and no byte of the region
//! spent on anything but blocks.
//!
//! ```text
//! region   | block | hole        | block | block | hole |     granules of 8 bytes
//!            first ─▶ next, size ───────────────────▶ end
//! ```
//! Blocks have no header: a free says how large the block is, as `Layout` does. A hole keeps its two numbers of 16 bits
//! in itself, so whatever is freed can be one. Each call walks the holes up to its place: their number bounds its
//! time. A heap that must not wait for them takes [`Bounded`](super::Bounded).
//!
//! | name | what holds between two calls |
//! |---|---|
//! | `holes` | the list ascends and ends with `end`; the holes lie in the region, neither overlap nor touch, and no block's byte is in one |

#![allow(unsafe_code, reason = "the list lives in the free memory of the region")]

use core::alloc::Layout;
use core::ptr::null_mut;

use super::profile::{Profile, RegionError};
use crate::harden::FaultKind;
use crate::inspect::Broken;

/// log2 of a granule: sizes and places are multiples of it.
const GRANULE_SHIFT: u32 = 3;

/// What stands in the first four bytes of a hole, in granules.
#[repr(C)]
struct Hole {
    next: u16,
    size: u16,
}

/// Nothing, or one region and its holes. All zero is the heap without a region, of which nothing can be had.
pub struct Tiny {
    start: *mut u8,
    /// Stands before the first hole, as one that is empty and ends at granule 0.
    head: Hole,
    end: u16,
}

/// A hole and the one before it.
struct Place {
    before: *mut Hole,
    before_end: usize,
    next: usize,
}

const fn granules(bytes: usize) -> usize {
    (bytes + ((1 << GRANULE_SHIFT) - 1)) >> GRANULE_SHIFT
}

impl Tiny {
    fn hole(&self, at: usize) -> *mut Hole {
        self.start.wrapping_add(at << GRANULE_SHIFT).cast()
    }

    /// The granule where a block stands; beyond the end for a pointer that is none of ours or between two granules.
    fn granule(&self, block: *mut u8) -> usize {
        block.addr().wrapping_sub(self.start.addr()).rotate_right(GRANULE_SHIFT)
    }

    fn check_range(&self, at: usize, size: usize) -> Result<(), FaultKind> {
        let end = usize::from(self.end);
        if at < end && size <= end - at { Ok(()) } else { Err(FaultKind::Foreign) }
    }

    /// The first hole at or behind a granule, which is the end at most.
    fn place(&mut self, at: usize) -> Place {
        let mut place = Place { before: &raw mut self.head, before_end: 0, next: 0 };
        loop {
            // SAFETY: `holes`: the head or a hole.
            place.next = usize::from(unsafe { (*place.before).next });
            if place.next >= at {
                return place;
            }
            place.before = self.hole(place.next);
            // SAFETY: `holes`: before `at`, so it is not the end.
            place.before_end = place.next + usize::from(unsafe { (*place.before).size });
        }
    }

    /// Makes granules free that are in no hole.
    ///
    /// # Safety
    ///
    /// If they are in none, and in the region, nobody uses them.
    unsafe fn free(&mut self, at: usize, size: usize) -> Result<(), FaultKind> {
        self.check_range(at, size)?;
        let Place { before, before_end, next } = self.place(at);
        if before_end > at || next - at < size {
            return Err(FaultKind::DoubleFree);
        }
        let mut hole = Hole { next: next as u16, size: size as u16 };
        if next - at == size && next != usize::from(self.end) {
            let follower = self.hole(next);
            // SAFETY: `holes`; it becomes part of the new one.
            unsafe { (hole.next, hole.size) = ((*follower).next, hole.size + (*follower).size) };
        }
        // SAFETY: `holes`: the head, or the hole before, which is extended or followed by the new one. The granules are
        // nobody's any more.
        unsafe {
            if before_end == at && at != 0 {
                hole.size += (*before).size;
                before.write(hole);
            } else {
                (*before).next = at as u16;
                self.hole(at).write(hole);
            }
        }
        Ok(())
    }

    /// Takes granules out of a hole, from `pad` behind its start.
    ///
    /// # Safety
    ///
    /// `before` is the head or the hole before, and the hole at `at` has so many.
    unsafe fn carve(&mut self, before: *mut Hole, at: usize, pad: usize, size: usize) {
        let hole = self.hole(at);
        // SAFETY: `holes`, and what the caller promises.
        unsafe {
            let mut next = (*hole).next;
            let rest = usize::from((*hole).size) - pad - size;
            if rest != 0 {
                let behind = at + pad + size;
                self.hole(behind).write(Hole { next, size: rest as u16 });
                next = behind as u16;
            }
            if pad != 0 {
                hole.write(Hole { next, size: pad as u16 });
            } else {
                (*before).next = next;
            }
        }
    }
}

// SAFETY: `holes`: what is taken leaves the holes, so that nothing else is taken from there until it comes back.
unsafe impl Profile for Tiny {
    const EMPTY: Self = Self { start: null_mut(), head: Hole { next: 0, size: 0 }, end: 0 };
    const LEAST_BYTES: usize = 8;
    const MOST_BYTES: usize = (u16::MAX as usize) << GRANULE_SHIFT;

    unsafe fn adopt(&mut self, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
        self.start = start;
        self.end = (bytes >> GRANULE_SHIFT) as u16;
        self.head.next = 0;
        // SAFETY: the caller's promise; at least one granule, as `check_region` saw.
        unsafe { self.hole(0).write(Hole { next: self.end, size: self.end }) };
        Ok(())
    }

    fn has_room(&self) -> Result<(), RegionError> {
        if self.end == 0 { Ok(()) } else { Err(RegionError::Taken) }
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        let size = granules(layout.size());
        let mut before = &raw mut self.head;
        loop {
            // SAFETY: `holes`: the head or a hole.
            let at = usize::from(unsafe { (*before).next });
            if at == usize::from(self.end) {
                return null_mut();
            }
            let hole = self.hole(at);
            let pad = (hole.addr().wrapping_neg() & (layout.align() - 1)) >> GRANULE_SHIFT;
            // SAFETY: `holes`: it is not the end.
            if pad + size <= usize::from(unsafe { (*hole).size }) {
                // SAFETY: as it was just seen.
                unsafe { self.carve(before, at, pad, size) };
                return hole.cast::<u8>().wrapping_add(pad << GRANULE_SHIFT);
            }
            before = hole;
        }
    }

    unsafe fn give(&mut self, block: *mut u8, layout: Layout) -> Result<(), FaultKind> {
        // SAFETY: the caller's promise.
        unsafe { self.free(self.granule(block), granules(layout.size())) }
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind> {
        let (at, old, new) = (self.granule(block), granules(layout.size()), granules(bytes));
        if new < old {
            // SAFETY: the caller's promise.
            return unsafe { self.free(at + new, old - new) }.map(|()| true);
        }
        self.check_range(at, old)?;
        let Place { before, before_end, next } = self.place(at + old);
        if before_end > at {
            return Err(FaultKind::DoubleFree);
        }
        if new == old {
            return Ok(true);
        }
        // SAFETY: `holes`: not the end.
        let fits = next == at + old
            && next != usize::from(self.end)
            && usize::from(unsafe { (*self.hole(next)).size }) >= new - old;
        if fits {
            // SAFETY: as it was just seen.
            unsafe { self.carve(before, next, 0, new - old) };
        }
        Ok(fits)
    }

    fn holes(&self, each: &mut dyn FnMut(usize)) {
        let mut at = usize::from(self.head.next);
        while at != usize::from(self.end) {
            // SAFETY: `holes`: not the end.
            let hole = unsafe { &*self.hole(at) };
            each(usize::from(hole.size) << GRANULE_SHIFT);
            at = usize::from(hole.next);
        }
    }

    fn capacity(&self) -> usize {
        usize::from(self.end) << GRANULE_SHIFT
    }

    fn overhead(&self) -> usize {
        0
    }

    fn footprint(&self, _: *mut u8, layout: Layout) -> usize {
        granules(layout.size()) << GRANULE_SHIFT
    }

    fn audit(&self) -> Result<(), Broken> {
        let (mut at, mut free_end, mut count) = (usize::from(self.head.next), 0, 0);
        let end = usize::from(self.end);
        let broken = |at, found: usize, expected: usize| {
            Err(Broken { invariant: "holes", at, found: found as u64, expected: expected as u64 })
        };
        while at != end {
            if at > end || (count > 0 && at <= free_end) {
                return broken(at, at, free_end + 1);
            }
            // SAFETY: `holes`, as far as it was seen: in the region.
            let hole = unsafe { &*self.hole(at) };
            free_end = at + usize::from(hole.size);
            if hole.size == 0 || free_end > end {
                return broken(at, usize::from(hole.size), end - at);
            }
            (at, count) = (usize::from(hole.next), count + 1);
        }
        Ok(())
    }
}
