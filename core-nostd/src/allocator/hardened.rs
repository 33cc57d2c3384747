//! What measures against misuse do with blocks that come and go: filling, looking, keeping back. All of it is reached
//! from slow paths alone, and only where a measure was chosen; a block's byte in its live map says whether there is
//! something to look at (`freed-mark`).
//!
//! ```text
//! free    live map: block → FREED, in one exchange ── fill ── quarantine ── oldest: look ── magazine
//! malloc  magazine or slab ── FREED? look ── live map: block ── junk
//! ```

#![allow(unsafe_code, reason = "fills blocks and looks at them")]

use super::Allocator;
use super::give::block_bytes;
use super::resize::stays;
use crate::base::sync::Ordering;
use crate::config::flags::{Harden, Watch};
use crate::config::geometry::{EXTENT_MAX, FRAME_SHIFT};
use crate::harden::quarantine::Quarantine;
use crate::harden::random::Dice;
use crate::harden::{Fault, FaultKind, Finder, OnWritten, fill};
use crate::heap::{Front, ThreadHeap};
use crate::pages::PageProvider;
use crate::slab::{Live, SizeClass, Slab};
use crate::superslab::Zone;

impl<P: PageProvider> Allocator<P> {
    /// What is to happen when a block turns out to have been written to after it was freed. The hook may not call
    /// the allocator; if it returns, the block is used all the same. Without a hook nothing happens.
    ///
    /// # Safety
    ///
    /// The hook does not call the allocator.
    pub unsafe fn on_written(&self, hook: OnWritten) {
        self.territory.measures.on_written(hook);
    }

    /// What its live map says of a block that is freed now.
    pub(super) fn freed_mark(&self) -> Live {
        if self.territory.measures.has(Harden::HOLDS) { Live::FREED } else { Live::NOTHING }
    }

    /// A freed block of a magazine class, out of its live map, is filled; who keeps none gives it to its slab.
    pub(super) fn fill_freed(&self, block: *mut u8, bytes: usize) {
        if let Some(byte) = self.territory.measures.freed_byte() {
            // SAFETY: the block is free, in our hands and that long.
            unsafe { block.write_bytes(byte, bytes) };
        }
    }

    /// A block is handed out: looks at it if there is something to see. How many of its bytes are known to be 0.
    pub(super) fn look_at_taken(&self, class: SizeClass, block: *mut u8) -> usize {
        let Some(zone) = self.territory.zones.find(block) else { return 0 };
        let bytes = zone.bytes_in_use(class, block);
        // SAFETY: free, in our hands; the mark says that it was filled if blocks are.
        let is_whole = unsafe { self.territory.measures.look_at(block, bytes, Finder::Take) };
        if is_whole && self.territory.measures.freed_byte() == Some(0) { bytes } else { 0 }
    }

    /// A block that is not to read as zero is about to be handed out. Of one above 1 MiB nothing is written: its
    /// pages are not there yet.
    pub(super) fn fill_fresh(&self, block: *mut u8) {
        if block.is_null() || !self.territory.measures.has(Harden::JUNK) {
            return;
        }
        if let Ok(bytes) = self.usable(block)
            && bytes <= EXTENT_MAX
        {
            // SAFETY: the block is ours to hand out and that long.
            unsafe { block.write_bytes(fill::FRESH, bytes) };
        }
    }

    /// A free says that its block has so many bytes, at a multiple of `align`: the fault, under `sizes`, if it has not.
    /// What is no live block is no matter of this.
    #[doc(hidden)]
    pub fn check_size(&self, pointer: *mut u8, bytes: usize, align: usize) -> Result<(), Fault> {
        if !self.territory.measures.has(Harden::SIZES) || pointer.is_null() {
            return Ok(());
        }
        let Ok(block_bytes) = self.usable(pointer) else { return Ok(()) };
        let is_right = if self.guarded.holds(pointer) {
            bytes == block_bytes
        } else {
            bytes <= block_bytes && stays(bytes.max(align), block_bytes)
        };
        if is_right {
            return Ok(());
        }
        Err(Fault { kind: FaultKind::WrongSize, address: pointer.addr(), block_bytes })
    }

    /// The first guarded block in use beside which something was written, within its pages.
    ///
    /// # Safety
    ///
    /// No other thread uses the allocator meanwhile.
    #[doc(hidden)]
    pub unsafe fn find_changed(&self) -> Option<Fault> {
        // SAFETY: the caller's promise.
        unsafe { self.guarded.find_changed() }
    }

    /// A freed block of a magazine class, which its live map says is freed, goes its way.
    pub(super) fn set_aside(
        &self,
        front: &Front,
        thread: &ThreadHeap,
        zone: &Zone,
        class: SizeClass,
        block: *mut u8,
    ) -> Result<(), Fault> {
        let bytes = zone.bytes_in_use(class, block);
        self.fill_freed(block, bytes);
        if self.wait(front, thread, block, bytes) {
            return Ok(());
        }
        self.push_or_flush(front, thread, class, block)
    }

    /// A client that says the class gives a block back; no live map may know it.
    pub(super) fn set_sized_aside(
        &self,
        front: &Front,
        thread: Option<&ThreadHeap>,
        class: SizeClass,
        block: *mut u8,
    ) -> Result<(), Fault> {
        let fault = |kind| Err(Fault { kind, address: block.addr(), block_bytes: class.shape().bytes as usize });
        let Some(zone) = self.territory.zone_of(block) else {
            // From the refuge, or none of ours.
            return self.heaps.put_one(&self.territory, None, block);
        };
        if !block.addr().is_multiple_of(class.alignment()) {
            return fault(FaultKind::Misaligned);
        }
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        if self.class_of(block) != Some(class) {
            return fault(FaultKind::WrongSize);
        }
        if slab.class() == class && !slab.block_at(offset).1 {
            return fault(FaultKind::InnerPointer);
        }
        let Some(live) = zone.live_place(class, block) else { return fault(FaultKind::Foreign) };
        if Live::FREED.swap(live) == Live::FREED {
            return fault(FaultKind::DoubleFree);
        }
        match thread {
            Some(thread) => self.set_aside(front, thread, zone, class, block),
            None => {
                self.fill_freed(block, class.shape().bytes as usize);
                self.heaps.put_one(&self.territory, None, block)
            }
        }
    }

    /// True if a freed block waits now; older ones leave to make room.
    fn wait(&self, front: &Front, thread: &ThreadHeap, block: *mut u8, bytes: usize) -> bool {
        let most = self.territory.measures.quarantine_bytes.load(Ordering::Relaxed);
        if !self.territory.measures.has(Harden::QUARANTINE) || bytes > most {
            return false;
        }
        if thread.quarantine.get().is_null() {
            let room = self.territory.allot::<Quarantine>();
            thread.quarantine.set(room.map_or(core::ptr::null(), |room| room.as_ptr().cast_const()));
        }
        // Without one, memory is out.
        let Some(quarantine) = thread.quarantine() else { return false };
        while !quarantine.has_room(bytes, most) {
            self.let_oldest_go(front, thread, quarantine);
        }
        quarantine.push(block, bytes);
        true
    }

    /// The oldest block leaves a thread's quarantine; false if there is none.
    fn let_oldest_go(&self, front: &Front, thread: &ThreadHeap, quarantine: &Quarantine) -> bool {
        let Some(block) = quarantine.pop(|block| self.waiting_bytes(block)) else { return false };
        let Some(zone) = self.territory.zones.find(block) else { return true };
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        if slab.class() == SizeClass::EXTENT {
            let frame = offset >> FRAME_SHIFT;
            // SAFETY: in quarantine, so filled if blocks are, and nobody's.
            unsafe { self.territory.measures.look_at(block, self.extent_bytes(slab, frame), Finder::Give) };
            self.territory.give_waiting_extent(slab, frame);
            return true;
        }
        let bytes = block_bytes(zone, slab, offset);
        // SAFETY: as above.
        unsafe { self.territory.measures.look_at(block, bytes, Finder::Give) };
        let class = self.class_of(block).unwrap_or(SizeClass::NONE);
        // A fault here is a block that was freed twice past its live map; the quarantine's place is free either way.
        let _ = self.push_or_flush(front, thread, class, block);
        true
    }

    /// Bytes of a block that waits.
    pub(super) fn waiting_bytes(&self, block: *mut u8) -> usize {
        let Some(zone) = self.territory.zones.find(block) else { return 0 };
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        if slab.class() == SizeClass::EXTENT {
            return self.extent_bytes(slab, offset >> FRAME_SHIFT);
        }
        block_bytes(zone, slab, offset)
    }

    /// The client's block of an area that starts there is filled, and waits or goes back; false if there is none.
    pub(super) fn set_extent_aside(
        &self,
        front: &Front,
        thread: Option<&ThreadHeap>,
        slab: &Slab,
        frame: usize,
    ) -> bool {
        let bytes = self.territory.wait_extent(slab, frame);
        if bytes == 0 {
            return false;
        }
        let block = slab.base.load(Ordering::Relaxed).wrapping_add(frame << FRAME_SHIFT);
        self.fill_freed(block, bytes);
        let thread = thread.filter(|thread| thread.watch().contains(Watch::DOUBLE_FREE));
        if !thread.is_some_and(|thread| self.wait(front, thread, block, bytes)) {
            self.territory.give_waiting_extent(slab, frame);
        }
        true
    }

    /// Empties the thread's quarantine; true if something was in it.
    pub(super) fn release_waiting(&self, front: &Front, thread: &ThreadHeap) -> bool {
        let Some(quarantine) = thread.quarantine() else { return false };
        let mut any = false;
        while self.let_oldest_go(front, thread, quarantine) {
            any = true;
        }
        any
    }

    /// In the child of a fork: what it draws next is not what its parent draws.
    pub(super) fn cast_anew(&self) {
        let key = || self.territory.provider.key();
        self.heaps.threads().filter_map(ThreadHeap::dice).for_each(|dice| dice.rekey(key()));
        if self.territory.measures.has(Harden::RANDOM) {
            let key = key();
            if let Some(pool) = self.territory.pool.try_lock() {
                pool.dice.iter().for_each(|dice| dice.rekey(key));
            }
            self.territory.scatter_extents_anew();
        }
    }

    /// Takes up the measures that were chosen.
    pub(super) fn harden(&self, measures: Harden, quarantine_bytes: usize) {
        if self.territory.measures.choose(measures, quarantine_bytes) && measures.contains(Harden::RANDOM) {
            let key = self.territory.provider.key();
            self.territory.pool.lock().dice = Some(Dice::new(key));
            self.territory.scatter_extents();
        }
    }
}
