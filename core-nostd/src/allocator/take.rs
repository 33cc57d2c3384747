//! Blocks go out: all that the hot path does not do.

#![allow(unsafe_code, reason = "clears blocks and marks them in live maps")]

use core::ptr::{self, NonNull};

use super::Allocator;
use crate::base::sync::Cell;
use crate::config::flags::{Off, Watch};
use crate::config::geometry::{EXTENT_MAX, FINE_MAX, PACKED_MAX};
use crate::heap::heaps::Visitor;
use crate::heap::thread_heap::Calls;
use crate::heap::{Front, Heap, ThreadHeap};
use crate::pages::PageProvider;
use crate::policy::front::{MANY_ROOMS, are_many};
use crate::slab::{Live, Refill, SizeClass};

/// What every packed class's block sizes are multiples of.
const PACKED_ALIGN: usize = 1 << 10;

/// What serves 8 bytes where no block of 8 does.
pub(super) const SIXTEEN: SizeClass = SizeClass::of(16);

/// A block, and whether it reads as zero.
type Taken = Option<(*mut u8, bool)>;

impl<P: PageProvider> Allocator<P> {
    /// A block of at least `bytes`, aligned to 16 bytes, or to 8 where `bytes` ≤ 8. Null if memory is out
    /// or `bytes` is more than half the address space.
    #[cold]
    #[inline(never)]
    pub fn take_slow(&self, front: &Front, bytes: usize) -> *mut u8 {
        self.take_aligned(front, bytes, 1)
    }

    /// The same, and every byte is 0: cleared only where the block is not known to be. Past the hot path that goes for
    /// all that may be used of it.
    #[inline]
    pub fn take_zeroed(&self, front: &Front, bytes: usize) -> *mut u8 {
        let block = self.take(front, bytes);
        if !block.is_null() {
            // SAFETY: the block is ours to hand out and that long.
            unsafe { block.write_bytes(0, bytes) };
            return block;
        }
        self.take_zeroed_slow(front, bytes)
    }

    #[cold]
    fn take_zeroed_slow(&self, front: &Front, bytes: usize) -> *mut u8 {
        let Some((block, zeroed)) = self.take_any(front, bytes, 1) else {
            return ptr::null_mut();
        };
        if !zeroed {
            self.clear(block);
        }
        block
    }

    /// A block at a multiple of `align`; null also where that is no power of two.
    #[cold]
    #[inline(never)]
    pub fn take_aligned(&self, front: &Front, bytes: usize, align: usize) -> *mut u8 {
        if !align.is_power_of_two() {
            return ptr::null_mut();
        }
        let block = self.take_any(front, bytes, align).map_or(ptr::null_mut(), |(block, _)| block);
        self.fill_fresh(block);
        block
    }

    /// The same, and every byte is 0.
    #[cold]
    pub fn take_aligned_zeroed(&self, front: &Front, bytes: usize, align: usize) -> *mut u8 {
        if !align.is_power_of_two() {
            return ptr::null_mut();
        }
        let Some((block, zeroed)) = self.take_any(front, bytes, align) else {
            return ptr::null_mut();
        };
        if !zeroed {
            self.clear(block);
        }
        block
    }

    /// All that may be used of a block.
    fn clear(&self, block: *mut u8) {
        if let Ok(bytes) = self.usable(block) {
            // SAFETY: the block is ours to hand out and that long.
            unsafe { block.write_bytes(0, bytes) };
        }
    }

    fn take_any(&self, front: &Front, bytes: usize, align: usize) -> Taken {
        let Some(thread) = front.thread_heap() else { return self.take_any_passing(front, bytes, align) };
        let Some(_inside) = self.gate.enter_by(front, thread) else { return self.take_refuge(bytes, align) };
        self.take_as(Visitor::Thread(thread), front, bytes, align)
    }

    #[cold]
    #[inline(never)]
    fn take_any_passing(&self, front: &Front, bytes: usize, align: usize) -> Taken {
        let Some(_inside) = self.gate.enter_passing(front) else { return self.take_refuge(bytes, align) };
        self.take_as(self.heaps.visitor(&self.territory, front), front, bytes, align)
    }

    #[inline(always)]
    fn take_as(&self, visitor: Visitor<'_>, front: &Front, bytes: usize, align: usize) -> Taken {
        let guarded = match &visitor {
            Visitor::Thread(thread) if self.guarded.is_on() => {
                self.guarded.take_in_turn(&self.territory, &thread.guard_in, bytes, align)
            }
            _ => None,
        };
        let taken = if guarded.is_some() {
            guarded
        } else if bytes > isize::MAX as usize {
            None
        } else {
            match self.take_unguarded(&visitor, front, bytes, align) {
                None => self.take_relieved(&visitor, front, bytes, align),
                taken => taken,
            }
        };
        if let (Visitor::Thread(thread), Some(_)) = (&visitor, &taken)
            && thread.watch().contains(Watch::COUNT)
        {
            Calls::count(&thread.calls.taken, 1);
            Calls::count(&thread.calls.bytes, bytes as u64);
        }
        taken
    }

    #[cold]
    #[inline(never)]
    fn take_relieved(&self, visitor: &Visitor<'_>, front: &Front, bytes: usize, align: usize) -> Taken {
        self.relieve(visitor, front);
        // Where no superslab is to be had, a page may be.
        self.take_unguarded(visitor, front, bytes, align).or_else(|| self.take_large(bytes, align))
    }

    /// A block while another thread's fork is under way.
    #[cold]
    #[inline(never)]
    pub(super) fn take_refuge(&self, bytes: usize, align: usize) -> Taken {
        let (block, zeroed) = self.territory.refuge.take(&self.territory.provider, bytes, align)?;
        Some((block.as_ptr(), zeroed))
    }

    fn take_unguarded(&self, visitor: &Visitor<'_>, front: &Front, bytes: usize, align: usize) -> Taken {
        if bytes > EXTENT_MAX || align > EXTENT_MAX {
            return self.take_large(bytes, align);
        }
        let class = if align <= 8 { SizeClass::of(bytes) } else { SizeClass::aligned(bytes, align)? };
        match (visitor, self.class_for(visitor, class)) {
            (_, SizeClass::EXTENT) => self.territory.take_extent(bytes, align),
            (Visitor::Thread(thread), class) if class.is_room() => self.take_room(front, thread, class, bytes, align),
            (Visitor::Thread(thread), class) if class.has_magazine() => self.take_small(front, thread, class),
            (Visitor::Thread(thread), class) => self.take_direct(front, thread, class),
            (Visitor::Passing, class) => self.take_passing(class, bytes),
        }
    }

    /// The class that serves where another was asked for: 16 bytes serve 8 until a heap has many blocks of them. Only then
    /// are addresses spent on the live map of blocks of 8. Where threads are many, none keeps rooms of its own.
    fn class_for(&self, visitor: &Visitor<'_>, class: SizeClass) -> SizeClass {
        if class.is_room() && self.heaps.are_crowded(&self.territory) {
            return SizeClass::EXTENT;
        }
        if class != SizeClass::TINY {
            return class;
        }
        let many = |heap: &Heap| are_many(heap.spans_of(SIXTEEN), heap.spans());
        let is_worth_it = || matches!(visitor, Visitor::Thread(thread) if thread.heap().is_some_and(many));
        if (self.territory.has_tiny() || is_worth_it()) && self.territory.serves_tiny() { class } else { SIXTEEN }
    }

    fn take_small(&self, front: &Front, thread: &ThreadHeap, class: SizeClass) -> Taken {
        let block = self.pop_or_refill(front, thread, class);
        if block.is_null() {
            return None;
        }
        Some((block, self.mark(block, class) > 0))
    }

    /// A block of a magazine class, which is not in its live map yet; null if memory is out.
    pub(super) fn pop_or_refill(&self, front: &Front, thread: &ThreadHeap, class: SizeClass) -> *mut u8 {
        let block = thread.pop(front, class);
        if !block.is_null() {
            if thread.watch().contains(Watch::COUNT) {
                Calls::count(&thread.calls.hits, 1);
            }
            return block;
        }
        self.tick(thread);
        if !self.heaps.refill(&self.territory, front, thread, class) {
            return ptr::null_mut();
        }
        thread.pop(front, class)
    }

    fn take_room(&self, front: &Front, thread: &ThreadHeap, class: SizeClass, bytes: usize, align: usize) -> Taken {
        let hand_out = |block, zeroed| {
            let known = self.mark(block, class);
            self.mark_bytes(class, block, bytes);
            Some((block, zeroed || known >= bytes.max(1)))
        };
        let block = thread.pop(front, class);
        if !block.is_null() {
            if thread.watch().contains(Watch::COUNT) {
                Calls::count(&thread.calls.hits, 1);
            }
            return hand_out(block, false);
        }
        self.tick(thread);
        thread.refills.set(thread.refills.get().saturating_add(1));
        if thread.slots(class) > 0 && !self.heaps.fit(&self.territory, front, thread, class, true) {
            return None;
        }
        let Some(heap) = self.heaps.heap_of(&self.territory, front, thread) else {
            return self.take_passing(class, bytes);
        };
        let exact = thread.watch().contains(Watch::DOUBLE_FREE) || self.territory.is_off(Off::PACKING);
        if bytes <= PACKED_MAX && align <= PACKED_ALIGN && !exact && heap.spans_of(class) >= MANY_ROOMS {
            return heap.take_one(&self.territory, SizeClass::of_packed(bytes));
        }
        let (block, zeroed) = heap.take_one(&self.territory, class)?;
        thread.note_taken(1);
        if !self.territory.zones.first().covers(block) {
            thread.close(front, Watch::ZONES);
        }
        hand_out(block, zeroed)
    }

    /// Enters a block of a magazine class in its live map; returns how many of its bytes are known to be 0.
    #[inline]
    fn mark(&self, block: *mut u8, class: SizeClass) -> usize {
        let Some(live) = self.territory.zones.live_place(class, block) else { return 0 };
        let known = if Live::at(live) == Live::FREED { self.look_at_taken(class, block) } else { 0 };
        Live::block(block).put(live);
        known
    }

    /// Enters beside it how much of its room a block is.
    pub(super) fn mark_bytes(&self, room: SizeClass, block: *mut u8, bytes: usize) {
        if let Some(mark) = self.territory.zones.find(block).and_then(|zone| zone.mark_place(room, block)) {
            Live::mark(SizeClass::of_room(bytes.max(FINE_MAX + 1)).1).put(mark);
        }
    }

    fn take_direct(&self, front: &Front, thread: &ThreadHeap, class: SizeClass) -> Taken {
        if let Some(heap) = thread.heap()
            && let Some(taken) = heap.take_one(&self.territory, class)
        {
            return Some(taken);
        }
        self.tick(thread);
        thread.refills.set(thread.refills.get().saturating_add(1));
        match self.heaps.heap_of(&self.territory, front, thread) {
            Some(heap) => heap.take_one(&self.territory, class),
            None => self.take_passing(class, class.shape().bytes as usize),
        }
    }

    fn take_passing(&self, class: SizeClass, bytes: usize) -> Taken {
        let block = self.take_one_passing(class);
        if block.is_null() {
            return None;
        }
        if class.has_magazine() {
            self.mark(block, class);
        }
        if class.is_room() {
            self.mark_bytes(class, block, bytes);
        }
        Some((block, false))
    }

    /// One block for a thread that keeps none; it is not in its live map yet.
    pub(super) fn take_one_passing(&self, class: SizeClass) -> *mut u8 {
        let slot = Cell::new(ptr::null_mut());
        self.heaps.from_common_or_pool(&self.territory, class, &mut Refill::new(core::slice::from_ref(&slot)));
        slot.get()
    }

    fn take_large(&self, bytes: usize, align: usize) -> Taken {
        self.look_at_clock();
        self.keep_within(bytes);
        let (block, zeroed): (NonNull<u8>, bool) = self.large.allocate(&self.territory, bytes.max(1), align)?;
        Some((block.as_ptr(), zeroed))
    }
}
