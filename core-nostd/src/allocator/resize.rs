//! Sizes of blocks, and blocks that change theirs.

#![allow(unsafe_code, reason = "copies blocks")]

use core::ptr::NonNull;

use super::Allocator;
use super::give::{Claimed, block_bytes};
use crate::base::sync::Ordering;
use crate::config::flags::Off;
use crate::config::geometry::{EXTENT_MAX, FINE_MAX, FRAME_BYTES, FRAME_SHIFT, GRANULE_SHIFT, ROOM_MAX};
use crate::harden::{Fault, FaultKind};
use crate::heap::Front;
use crate::pages::PageProvider;
use crate::slab::frames::Frame;
use crate::slab::{SizeClass, Slab, starter};

/// What a block is, as far as resizing it goes.
enum Kind {
    Classed,
    Room(SizeClass),
    Extent(*const Slab, usize),
    Large,
    Guarded,
    Refuge,
}

/// True if a block is resized in place to fewer bytes: at least half of it is used, or there is nothing to win.
pub(super) const fn stays(bytes: usize, old: usize) -> bool {
    bytes > old / 2 || old <= 32
}

impl<P: PageProvider> Allocator<P> {
    /// Bytes that the client may use of a live block; stable until it is resized or freed. 0 for null.
    #[inline]
    pub fn usable(&self, pointer: *mut u8) -> Result<usize, Fault> {
        match self.classed(pointer) {
            Some(bytes) => Ok(bytes),
            None if pointer.is_null() => Ok(0),
            None => self.measure(pointer).map(|(bytes, _)| bytes),
        }
    }

    /// Bytes of a live block of the first zone whose class says them.
    #[inline(always)]
    fn classed(&self, pointer: *mut u8) -> Option<usize> {
        let first = self.territory.zones.first();
        let class = first.kind_of(pointer)?;
        let is_whole = class.has_magazine() && !class.is_room();
        (is_whole && first.is_live(class, pointer)).then(|| class.shape().bytes as usize)
    }

    /// The class of the block that an address lies in, live or not; `None` if it is in no span.
    #[doc(hidden)]
    pub fn class_of(&self, pointer: *mut u8) -> Option<SizeClass> {
        let zone = self.territory.zones.find(pointer)?;
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(pointer.addr()) };
        if slab.class() == SizeClass::STARTER {
            return starter::block_over(slab, offset >> GRANULE_SHIFT).map(|block| block.1);
        }
        Some(slab.class()).filter(|&class| class != SizeClass::NONE)
    }

    #[cold]
    fn measure(&self, pointer: *mut u8) -> Result<(usize, Kind), Fault> {
        let Some(zone) = self.territory.zone_of(pointer) else {
            if let Some(bytes) = self.guarded.bytes_of(pointer) {
                return bytes.map(|bytes| (bytes, Kind::Guarded));
            }
            if let Some(bytes) = self.territory.refuge.bytes_of(pointer) {
                return bytes.map(|bytes| (bytes, Kind::Refuge));
            }
            let bytes = self.large.bytes_of(pointer);
            return bytes.map(|bytes| (bytes, Kind::Large)).ok_or_else(|| {
                let freed = self.large.was_freed(pointer);
                Fault::at(if freed { FaultKind::DoubleFree } else { FaultKind::Foreign }, pointer.addr())
            });
        };
        Ok(match self.claim(zone, pointer)? {
            Claimed::Small(class, _) if class.is_room() => {
                // SAFETY: the zone covers it.
                let (slab, offset) = unsafe { zone.span_of(pointer.addr()) };
                (block_bytes(zone, slab, offset), Kind::Room(class))
            }
            Claimed::Small(class, _) => (class.shape().bytes as usize, Kind::Classed),
            Claimed::Direct(slab, _) => (slab.class().shape().bytes as usize, Kind::Classed),
            Claimed::Extent(slab, frame) => (self.extent_bytes(slab, frame), Kind::Extent(slab, frame)),
        })
    }

    /// A block of at least `bytes` with the old one's contents; the old one is gone unless the answer is
    /// null (memory is out) or a fault (it was no live block).
    ///
    /// # Safety
    ///
    /// If a block starts there, it is the caller's to resize, and nobody else uses it.
    #[inline]
    pub unsafe fn resize(&self, front: &Front, pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
        match self.classed(pointer) {
            Some(old) if bytes <= old && stays(bytes, old) => Ok(pointer),
            // SAFETY: the caller's promise.
            Some(old) => unsafe { self.resize_slow(front, pointer, old, bytes) },
            // SAFETY: as above.
            None => unsafe { self.resize_other(front, pointer, bytes) },
        }
    }

    /// # Safety
    ///
    /// As for [`Allocator::resize`].
    unsafe fn resize_other(&self, front: &Front, pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
        let old = self.usable(pointer)?;
        let wins = bytes.saturating_add(FRAME_BYTES) <= old && (ROOM_MAX + 1..=EXTENT_MAX).contains(&old);
        // A guarded block ends where its shut page begins.
        if bytes <= old && stays(bytes, old) && !wins && (bytes == old || !self.guarded.holds(pointer)) {
            return Ok(pointer);
        }
        // SAFETY: the caller's promise.
        unsafe { self.resize_slow(front, pointer, old, bytes) }
    }

    /// # Safety
    ///
    /// As for [`Allocator::resize`].
    #[cold]
    unsafe fn resize_slow(&self, front: &Front, pointer: *mut u8, old: usize, bytes: usize) -> Result<*mut u8, Fault> {
        if bytes > isize::MAX as usize {
            return Ok(core::ptr::null_mut());
        }
        let kind = self.measure(pointer)?.1;
        let may_move = matches!(kind, Kind::Large) && bytes > EXTENT_MAX && !self.territory.is_off(Off::REMAP);
        match kind {
            Kind::Large if may_move => {
                if let Some(moved) = self.move_large(front, pointer, bytes, bytes.saturating_sub(old)) {
                    return Ok(moved.as_ptr());
                }
            }
            Kind::Room(class) if bytes <= ROOM_MAX && bytes > FINE_MAX && SizeClass::of(bytes) == class => {
                self.mark_bytes(class, pointer, bytes);
                return Ok(pointer);
            }
            Kind::Extent(slab, frame)
                if bytes <= EXTENT_MAX && bytes > old / 4 && self.resize_extent(front, (slab, frame), old, bytes) =>
            {
                return Ok(pointer);
            }
            _ => {}
        }
        let mut block = self.take(front, bytes);
        if block.is_null() {
            block = self.take_medium(front, bytes);
        }
        if block.is_null() {
            block = self.take_slow(front, bytes);
        }
        if block.is_null() && may_move {
            // What was kept went back meanwhile, which may make room for the block itself.
            if let Some(moved) = self.move_large(front, pointer, bytes, 0) {
                return Ok(moved.as_ptr());
            }
        }
        if block.is_null() {
            // A block that is to shrink can stay where it is.
            if bytes <= old {
                self.guarded.shrink(pointer, bytes);
            }
            return Ok(if bytes <= old { pointer } else { block });
        }
        // SAFETY: both blocks are that long and different.
        unsafe { block.copy_from_nonoverlapping(pointer, old.min(bytes)) };
        // SAFETY: the caller's promise.
        if !unsafe { self.give(front, pointer) } {
            // SAFETY: as above.
            unsafe { self.give_slow(front, pointer)? };
        }
        Ok(block)
    }

    /// Where it can be, a large block of `bytes` that keeps its pages; `growth` is what it has more then.
    fn move_large(&self, front: &Front, pointer: *mut u8, bytes: usize, growth: usize) -> Option<NonNull<u8>> {
        let _inside = self.gate.enter(front)?;
        self.look_at_clock();
        self.keep_within(growth);
        self.give_way(growth);
        self.large.resize(&self.territory, pointer, bytes)
    }

    /// Bytes of the live or waiting block of an area that starts there.
    pub(super) fn extent_bytes(&self, slab: &Slab, frame: usize) -> usize {
        match self.territory.frame_at(slab, frame) {
            Frame::Block(_, frames) | Frame::Waiting(_, frames) => frames << FRAME_SHIFT,
            Frame::Free(_) => 0,
        }
    }

    fn resize_extent(&self, front: &Front, (slab, frame): (*const Slab, usize), old: usize, bytes: usize) -> bool {
        let Some(_inside) = self.gate.enter(front) else { return false };
        // SAFETY: records are never unmapped, and the block keeps the area what it is.
        let slab = unsafe { &*slab };
        let kept = bytes.next_multiple_of(FRAME_BYTES);
        if kept < old {
            let block = slab.base.load(Ordering::Relaxed).wrapping_add(frame << FRAME_SHIFT);
            self.fill_freed(block.wrapping_add(kept), old - kept);
        }
        self.territory.resize_extent(slab, frame, bytes)
    }
}
