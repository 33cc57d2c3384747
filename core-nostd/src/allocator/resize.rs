//! Sizes of blocks, and blocks that change theirs.

#![allow(unsafe_code, reason = "copies blocks")]

use super::Allocator;
use super::give::{Claimed, block_bytes};
use crate::base::sync::Ordering;
use crate::config::flags::Off;
use crate::config::geometry::{FINE_MAX, GRANULE_SHIFT, ROOM_MAX, RUN_MAX, SLAB_BYTES, SLAB_SHIFT};
use crate::harden::{Fault, FaultKind};
use crate::heap::Front;
use crate::pages::PageProvider;
use crate::slab::{SizeClass, starter};

/// What a block is, as far as resizing it goes.
enum Kind {
    Classed,
    Room(SizeClass),
    Run,
    Large,
    Guarded,
}

impl<P: PageProvider> Allocator<P> {
    /// Bytes that the client may use of a live block; stable until it is resized or freed. 0 for null.
    #[inline]
    pub fn usable(&self, pointer: *mut u8) -> Result<usize, Fault> {
        if let Some(live) = self.territory.zones.first().live_place(pointer) {
            let class = SizeClass(live.load(Ordering::Relaxed));
            if class.has_magazine() && !class.is_room() {
                return Ok(class.shape().bytes as usize);
            }
        }
        if pointer.is_null() {
            return Ok(0);
        }
        self.measure(pointer).map(|(bytes, _)| bytes)
    }

    /// The class of the block that an address lies in, live or not; `None` if it is in no span.
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
        let Some(zone) = self.territory.zones.find(pointer) else {
            if let Some(bytes) = self.guarded.bytes_of(pointer) {
                return bytes.map(|bytes| (bytes, Kind::Guarded));
            }
            let bytes = self.large.bytes_of(pointer);
            return bytes.map(|bytes| (bytes, Kind::Large)).ok_or_else(|| {
                let freed = self.large.was_freed(pointer);
                Fault::at(if freed { FaultKind::DoubleFree } else { FaultKind::Foreign }, pointer.addr())
            });
        };
        Ok(match self.claim(zone, pointer)? {
            Claimed::Small(class) if class.is_room() => {
                // SAFETY: the zone covers it.
                let (slab, offset) = unsafe { zone.span_of(pointer.addr()) };
                (block_bytes(zone, slab, offset), Kind::Room(class))
            }
            Claimed::Small(class) => (class.shape().bytes as usize, Kind::Classed),
            Claimed::Direct(slab, _) => (slab.class().shape().bytes as usize, Kind::Classed),
            Claimed::Run(slab) => ((slab.slabs.load(Ordering::Relaxed) as usize) << SLAB_SHIFT, Kind::Run),
        })
    }

    /// A block of at least `bytes` with the old one's contents; the old one is gone unless the answer is
    /// null (memory is out) or a fault (it was no live block).
    #[inline]
    pub fn resize(&self, front: &Front, pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
        let old = self.usable(pointer)?;
        // In place while at least half of the block is used, or there is nothing to win.
        if bytes <= old && (bytes > old / 2 || old <= 32) {
            return Ok(pointer);
        }
        self.resize_slow(front, pointer, old, bytes)
    }

    #[cold]
    fn resize_slow(&self, front: &Front, pointer: *mut u8, old: usize, bytes: usize) -> Result<*mut u8, Fault> {
        if bytes > isize::MAX as usize {
            return Ok(core::ptr::null_mut());
        }
        let kind = self.measure(pointer)?.1;
        let may_move = matches!(kind, Kind::Large) && bytes > RUN_MAX && !self.territory.is_off(Off::REMAP);
        match kind {
            Kind::Large if may_move => {
                self.look_at_clock();
                self.keep_within(bytes.saturating_sub(old));
                self.give_way(bytes.saturating_sub(old));
                if let Some(moved) = self.large.resize(&self.territory, pointer, bytes) {
                    return Ok(moved.as_ptr());
                }
            }
            Kind::Room(class) if bytes <= ROOM_MAX && bytes > FINE_MAX && SizeClass::of(bytes) == class => {
                self.mark_bytes(pointer, bytes);
                return Ok(pointer);
            }
            Kind::Run if bytes <= RUN_MAX && bytes > old / 4 && self.resize_run(pointer, bytes) => return Ok(pointer),
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
            if let Some(moved) = self.large.resize(&self.territory, pointer, bytes) {
                return Ok(moved.as_ptr());
            }
        }
        if block.is_null() {
            // A block that is to shrink can stay as it is.
            return Ok(if bytes <= old { pointer } else { block });
        }
        // SAFETY: both blocks are that long and different.
        unsafe { block.copy_from_nonoverlapping(pointer, old.min(bytes)) };
        if !self.give(front, pointer) {
            self.give_slow(front, pointer)?;
        }
        Ok(block)
    }

    fn resize_run(&self, pointer: *mut u8, bytes: usize) -> bool {
        let Some(zone) = self.territory.zones.find(pointer) else {
            return false;
        };
        // SAFETY: the zone covers it.
        let (slab, _) = unsafe { zone.span_of(pointer.addr()) };
        let kept = bytes.next_multiple_of(SLAB_BYTES);
        if kept < slab.span_bytes() {
            self.fill_freed(pointer.wrapping_add(kept), slab.span_bytes() - kept);
        }
        self.territory.resize_run(slab, bytes.div_ceil(SLAB_BYTES))
    }
}
