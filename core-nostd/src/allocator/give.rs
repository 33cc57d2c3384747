//! Blocks come back: all that the hot path does not do, and what is wrong with a pointer.

#![allow(unsafe_code, reason = "looks spans up by address")]

use super::Allocator;
use super::backlog::Late;
use crate::base::sync::Ordering;
use crate::config::flags::{Harden, Watch};
use crate::config::geometry::{FRAME_BYTES, FRAME_SHIFT, GRANULE_SHIFT};
use crate::harden::{Fault, FaultKind};
use crate::heap::heaps::Visitor;
use crate::heap::thread_heap::Calls;
use crate::heap::{Front, Heap, ThreadHeap};
use crate::large::LargeFree;
use crate::pages::PageProvider;
use crate::policy::front::flush_batch;
use crate::slab::area::Area;
use crate::slab::frames::Frame;
use crate::slab::{Live, SizeClass, Slab, mailbox, starter};
use crate::superslab::Zone;

/// Where a pointer from outside leads.
pub(super) enum Claimed<'a> {
    /// A live block of a magazine class, and where it goes.
    Small(SizeClass, Home),
    /// A live block of a direct class: its span and number.
    Direct(&'a Slab, usize),
    /// A live block of an area: the area's span, and the block's first frame.
    Extent(&'a Slab, usize),
}

/// Where a block of a magazine class goes that is freed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// To the thread's magazine.
    Magazine,
    /// To its starter, but for the first few: the hot path does not know the class, and who had it once more would come
    /// here again.
    Starter,
}

impl<P: PageProvider> Allocator<P> {
    /// Takes any block back. Null is nothing. A fault changes nothing.
    ///
    /// # Safety
    ///
    /// If a block starts there, it is the caller's to give back, and nobody uses it any more.
    #[cold]
    #[inline(never)]
    pub unsafe fn give_slow(&self, front: &Front, pointer: *mut u8) -> Result<(), Fault> {
        if pointer.is_null() {
            return Ok(());
        }
        let Some(thread) = front.thread_heap() else { return self.give_slow_passing(front, pointer) };
        let Some(_inside) = self.gate.enter_by(front, thread) else { return self.give_later(front, pointer) };
        self.give_as(Visitor::Thread(thread), front, pointer)
    }

    #[cold]
    #[inline(never)]
    fn give_slow_passing(&self, front: &Front, pointer: *mut u8) -> Result<(), Fault> {
        let Some(_inside) = self.gate.enter_passing(front) else { return self.give_later(front, pointer) };
        self.give_as(self.heaps.visitor(&self.territory, front), front, pointer)
    }

    #[inline(always)]
    fn give_as(&self, visitor: Visitor<'_>, front: &Front, pointer: *mut u8) -> Result<(), Fault> {
        if let Visitor::Thread(thread) = &visitor
            && thread.watch().contains(Watch::COUNT)
        {
            Calls::count(&thread.calls.given, 1);
        }
        let Some(zone) = self.territory.zone_of(pointer) else {
            return self.give_large(pointer);
        };
        match self.claim(zone, pointer)? {
            Claimed::Small(class, home) => match visitor {
                Visitor::Thread(thread) => self.give_small(front, thread, zone, (class, home), pointer),
                Visitor::Passing => {
                    self.unmark(zone, class, pointer, true)?;
                    self.fill_freed(pointer, zone.bytes_in_use(class, pointer));
                    self.heaps.put_one(&self.territory, None, pointer)
                }
            },
            Claimed::Direct(slab, block) => {
                let heap = if let Visitor::Thread(thread) = &visitor { thread.heap() } else { None };
                self.give_direct(heap, slab, block)
            }
            Claimed::Extent(slab, frame) => {
                let thread = if let Visitor::Thread(thread) = &visitor { Some(*thread) } else { None };
                let was_live = if self.territory.measures.has(Harden::HOLDS) {
                    self.set_extent_aside(front, thread, slab, frame)
                } else {
                    self.territory.give_extent(slab, frame)
                };
                if !was_live {
                    return Err(Fault::at(FaultKind::DoubleFree, pointer.addr()));
                }
                if let Some(thread) = thread {
                    self.tick(thread);
                }
                Ok(())
            }
        }
    }

    /// What is no block of ours, or a free one, is told at once.
    #[cold]
    #[inline(never)]
    fn give_later(&self, front: &Front, pointer: *mut u8) -> Result<(), Fault> {
        if let Some(given) = self.territory.refuge.give(&self.territory.provider, pointer) {
            return given;
        }
        self.usable(pointer)?;
        self.do_later(front, Late::Block(pointer))
    }

    fn give_small(
        &self,
        front: &Front,
        thread: &ThreadHeap,
        zone: &Zone,
        (class, home): (SizeClass, Home),
        pointer: *mut u8,
    ) -> Result<(), Fault> {
        if !core::ptr::eq(zone, self.territory.zones.first()) {
            thread.close(front, Watch::ZONES);
        }
        let is_exact = thread.watch().contains(Watch::DOUBLE_FREE);
        self.unmark(zone, class, pointer, is_exact)?;
        if is_exact && self.territory.measures.has(Harden::HOLDS) {
            return self.set_aside(front, thread, zone, class, pointer);
        }
        let stays = |heap: &Heap| heap.first_blocks.stays(class);
        if home == Home::Starter && !thread.heap().is_some_and(stays) {
            // Who keeps heads before its blocks looks for one before each: what comes to stand behind this has none.
            // SAFETY: the block is ours now, and no class of a starter has less.
            unsafe { pointer.write_bytes(0, 1 << GRANULE_SHIFT) };
            thread.note_given(1);
            let given = self.heaps.put_one(&self.territory, thread.heap(), pointer);
            self.look_for_surplus();
            return given;
        }
        self.push_or_flush(front, thread, class, pointer)
    }

    /// Puts a block that is no more in its live map into its magazine, which is emptied by half if it is full.
    pub(super) fn push_or_flush(
        &self,
        front: &Front,
        thread: &ThreadHeap,
        class: SizeClass,
        pointer: *mut u8,
    ) -> Result<(), Fault> {
        if thread.push(front, class, pointer) {
            return Ok(());
        }
        self.tick(thread);
        self.look_for_fall(front, thread);
        // That may have emptied it.
        if thread.push(front, class, pointer) {
            return Ok(());
        }
        thread.gives.set(true);
        let slots = thread.slots(class);
        let given = if slots > 0 {
            // Twice without having run empty: more goes back than is asked for, and a larger one does with fewer flushes.
            let again = thread.has_flushed(class)
                && thread.heap().is_some()
                && self.heaps.may_grow(&self.territory, thread, class);
            thread.note_flush(class);
            // Who never took keeps none for the next time.
            let count = if again || thread.refills.get() == 0 { slots } else { flush_batch(slots) };
            let flushed = self.heaps.flush(&self.territory, front, thread, class, count);
            if again {
                self.heaps.fit(&self.territory, front, thread, class, false);
            }
            thread.push(front, class, pointer);
            flushed
        } else if !thread.falls.get() && self.heaps.fit(&self.territory, front, thread, class, false) {
            thread.push(front, class, pointer);
            Ok(())
        } else {
            thread.note_given(1);
            self.heaps.put_one(&self.territory, thread.heap(), pointer)
        };
        // It may have been the last one, and no call may follow.
        self.look_for_surplus();
        given
    }

    /// Takes a block out of its live map; with `exact`, by an exchange that one thread wins.
    fn unmark(&self, zone: &Zone, class: SizeClass, pointer: *mut u8, exact: bool) -> Result<(), Fault> {
        let Some(live) = zone.live_place(class, pointer) else {
            return Ok(());
        };
        if !exact {
            Live::NOTHING.put(live);
            return Ok(());
        }
        if self.freed_mark().replace(live, Live::block(pointer)) {
            Ok(())
        } else {
            Err(Fault::at(FaultKind::DoubleFree, pointer.addr()))
        }
    }

    fn give_direct(&self, heap: Option<&Heap>, slab: &Slab, block: usize) -> Result<(), Fault> {
        let (word, bit) = (block / 64, 1 << (block % 64));
        let twice = match heap {
            Some(heap) if heap.owns(slab) => heap.put(&self.territory, slab, word, bit),
            _ => mailbox::post(slab, word, bit),
        };
        if twice == 0 {
            return Ok(());
        }
        let bytes = slab.class().shape().bytes as usize;
        let address = slab.base.load(Ordering::Relaxed).addr() + block * bytes;
        Err(Fault { kind: FaultKind::DoubleFree, address, block_bytes: bytes })
    }

    fn give_large(&self, pointer: *mut u8) -> Result<(), Fault> {
        let refuge = || self.territory.refuge.give(&self.territory.provider, pointer);
        if let Some(given) = self.guarded.give(&self.territory, pointer).or_else(refuge) {
            return given;
        }
        self.look_at_clock();
        match self.large.free(&self.territory, pointer) {
            LargeFree::Freed => {
                self.keep_within(0);
                Ok(())
            }
            LargeFree::Twice => Err(Fault::at(FaultKind::DoubleFree, pointer.addr())),
            LargeFree::Unknown => Err(Fault::at(FaultKind::Foreign, pointer.addr())),
        }
    }

    /// Turns a pointer into a zone into a live block or a fault; changes nothing.
    pub(super) fn claim<'a>(&self, zone: &'a Zone, pointer: *mut u8) -> Result<Claimed<'a>, Fault> {
        if let Some(class) = zone.kind_of(pointer)
            && class.has_magazine()
            && zone.is_live(class, pointer)
        {
            return Ok(Claimed::Small(class, Home::Magazine));
        }
        // SAFETY: the caller found the zone by this pointer.
        let (slab, offset) = unsafe { zone.span_of(pointer.addr()) };
        let class = slab.class();
        let fault = |kind| Fault { kind, address: pointer.addr(), block_bytes: block_bytes(zone, slab, offset) };
        if class == SizeClass::NONE {
            return Err(late_fault(zone, slab, offset, pointer));
        }
        if class == SizeClass::EXTENT {
            return self.claim_extent(slab, offset, pointer);
        }
        if class == SizeClass::STARTER {
            return self.claim_first(zone, slab, offset, pointer);
        }
        let (block, starts) = slab.block_at(offset);
        if !offset.is_multiple_of(class.alignment()) {
            return Err(fault(FaultKind::Misaligned));
        }
        if !starts {
            return Err(fault(FaultKind::InnerPointer));
        }
        if block >= slab.carved.load(Ordering::Relaxed) as usize {
            return Err(fault(FaultKind::Stale));
        }
        if class.has_magazine() || slab.is_free(block) {
            return Err(fault(FaultKind::DoubleFree));
        }
        Ok(Claimed::Direct(slab, block))
    }

    /// The same of a pointer into an area.
    fn claim_extent<'a>(&self, slab: &'a Slab, offset: usize, pointer: *mut u8) -> Result<Claimed<'a>, Fault> {
        let (frame, starts) = (offset >> FRAME_SHIFT, offset.is_multiple_of(FRAME_BYTES));
        // Whoever frees it finds out under the lock.
        if starts && Area::of(slab).is_start(frame) {
            return Ok(Claimed::Extent(slab, frame));
        }
        let (kind, frames) = match self.territory.frame_at(slab, frame) {
            Frame::Block(_, frames) | Frame::Waiting(_, frames) if !offset.is_multiple_of(1 << GRANULE_SHIFT) => {
                (FaultKind::Misaligned, frames)
            }
            Frame::Block(start, _) if starts && start == frame => return Ok(Claimed::Extent(slab, frame)),
            Frame::Waiting(start, frames) if starts && start == frame => (FaultKind::DoubleFree, frames),
            Frame::Block(_, frames) | Frame::Waiting(_, frames) => (FaultKind::InnerPointer, frames),
            Frame::Free(true) if starts => (FaultKind::DoubleFree, 0),
            Frame::Free(_) => (FaultKind::Stale, 0),
        };
        Err(Fault { kind, address: pointer.addr(), block_bytes: frames << FRAME_SHIFT })
    }

    /// The same of a pointer into a starter.
    fn claim_first<'a>(
        &self,
        zone: &'a Zone,
        slab: &'a Slab,
        offset: usize,
        pointer: *mut u8,
    ) -> Result<Claimed<'a>, Fault> {
        let granule = offset >> GRANULE_SHIFT;
        let fault = |kind| Err(Fault { kind, address: pointer.addr(), block_bytes: block_bytes(zone, slab, offset) });
        if !offset.is_multiple_of(1 << GRANULE_SHIFT) {
            return fault(FaultKind::Misaligned);
        }
        match starter::block_over(slab, granule) {
            Some((start, class)) if start == granule && zone.is_live(class, pointer) => {
                Ok(Claimed::Small(class, Home::Starter))
            }
            Some((start, _)) if start == granule => fault(FaultKind::DoubleFree),
            Some(_) => fault(FaultKind::InnerPointer),
            None => fault(FaultKind::Stale),
        }
    }
}

/// Bytes of the block that covers `offset` bytes into a span, as it was last handed out.
pub(super) fn block_bytes(zone: &Zone, slab: &Slab, offset: usize) -> usize {
    let class = slab.class();
    let bytes = class.shape().bytes as usize;
    if class == SizeClass::STARTER {
        return starter::block_over(slab, offset >> GRANULE_SHIFT).map_or(0, |block| block.1.shape().bytes as usize);
    }
    if !class.is_room() {
        return bytes;
    }
    zone.bytes_in_use(class, slab.base.load(Ordering::Relaxed).wrapping_add(slab.block_at(offset).0 * bytes))
}

/// What is wrong with a pointer into a slab that belongs to no span: a block that was freed before the
/// slab was given back, or nothing that we know.
fn late_fault(zone: &Zone, slab: &Slab, offset: usize, pointer: *mut u8) -> Fault {
    let former = zone.former_of(slab);
    let bytes = former.shape().bytes;
    let starts = if former == SizeClass::EXTENT {
        offset.is_multiple_of(FRAME_BYTES)
    } else {
        (offset as u32).checked_rem(bytes) == Some(0)
    };
    let kind = if starts { FaultKind::DoubleFree } else { FaultKind::Stale };
    let known = starts && former != SizeClass::STARTER;
    Fault { kind, address: pointer.addr(), block_bytes: if known { bytes as usize } else { 0 } }
}
