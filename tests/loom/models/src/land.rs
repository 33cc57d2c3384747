//! What stands at an execution's begin: territory and heaps without their front door, or a whole allocator.

use std::cell::Cell as Plain;

use hakmem_core::seam::{Cell, Heaps, Reach, Refill, SizeClass, Slab, Territory};
use hakmem_core::{Allocator, Audit, Front, Harden, Off, Settings};

use crate::arena::{Arena, Pages};

/// A heap of the land.
pub(crate) type Heap = hakmem_core::seam::Heap;

/// Heaps over a territory; without starters, so that two blocks of a class are of one slab.
#[derive(Clone, Copy)]
pub(crate) struct Land {
    pub(crate) territory: &'static Territory<Pages>,
    pub(crate) heaps: &'static Heaps<Pages>,
}

/// A block and where its bit is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) at: *mut u8,
    pub(crate) slab: &'static Slab,
    pub(crate) word: usize,
    pub(crate) bit: u64,
}

/// A new thread's front.
#[allow(unsafe_code, reason = "an execution has one allocator")]
pub(crate) fn front(arena: &'static Arena) -> &'static Front {
    // SAFETY: just said.
    arena.put(unsafe { Front::new() })
}

/// After a fork, on one side of it.
#[allow(unsafe_code, reason = "passes a promise on")]
pub(crate) fn after_fork(caller: Caller, in_child: bool) {
    // SAFETY: of the threads that a child has not none goes on.
    let result = unsafe { caller.world.allocator.after_fork(caller.front, in_child) };
    result.expect("live blocks are taken back");
}

impl Land {
    #[allow(unsafe_code, reason = "begins below the front door")]
    pub(crate) fn new(arena: &'static Arena) -> Self {
        // SAFETY: the models use them as the allocator does.
        let (territory, heaps) = unsafe { (Territory::new(Pages(arena), 1000), Heaps::new()) };
        let (territory, heaps) = (arena.put(territory), arena.put(heaps));
        territory.off.store(Off::STARTERS.bits(), hakmem_core::seam::Ordering::Relaxed);
        Self { territory, heaps }
    }

    pub(crate) fn heap(&self) -> &'static Heap {
        self.heaps.new_heap(self.territory).expect("room for a heap")
    }

    /// A span of so many slabs, which belongs to no heap.
    pub(crate) fn span(&self, slabs: usize) -> Option<&'static Slab> {
        let (claim, _) = self.territory.claim_with_extra(slabs, 0, true)?;
        let span = self.territory.open(claim, SizeClass::of_packed(9 << 10), std::ptr::null());
        hakmem_seam::use_block(span.base.load(hakmem_core::seam::Ordering::Relaxed));
        Some(span)
    }

    /// Up to `most` blocks of a heap, which each client writes to.
    pub(crate) fn take(&self, heap: &Heap, bytes: usize, most: usize, reach: Reach) -> Vec<Block> {
        let slots: Vec<Cell<*mut u8>> = (0..most).map(|_| Cell::new(std::ptr::null_mut())).collect();
        let mut into = Refill::new(&slots);
        heap.take_many(self.territory, SizeClass::of(bytes), reach, &mut into);
        let left = into.room();
        let blocks: Vec<Block> = slots[left..].iter().rev().map(|slot| self.block(slot.get())).collect();
        blocks.iter().for_each(|block| hakmem_seam::use_block(block.at));
        blocks
    }

    #[allow(unsafe_code, reason = "looks a slab up")]
    pub(crate) fn block(&self, at: *mut u8) -> Block {
        // SAFETY: a block of the first zone.
        let (slab, offset) = unsafe { self.territory.zones.first().span_of(at.addr()) };
        let number = slab.block_at(offset).0;
        Block { at, slab, word: number / 64, bit: 1 << (number % 64) }
    }

    /// The client writes to its block, and gives it back as another thread than the owner's.
    pub(crate) fn post(&self, block: Block) -> u64 {
        hakmem_seam::use_block(block.at);
        hakmem_core::seam::post(block.slab, block.word, block.bit)
    }

    /// The same as the owner.
    pub(crate) fn put(&self, heap: &Heap, block: Block) -> u64 {
        hakmem_seam::use_block(block.at);
        heap.put(self.territory, block.slab, block.word, block.bit)
    }
}

/// A whole allocator, and a front for each thread.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) allocator: &'static Allocator<Pages>,
}

/// A thread's calls.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) world: World,
    pub(crate) front: &'static Front,
}

impl World {
    pub(crate) fn new(arena: &'static Arena) -> Self {
        Self { allocator: arena.put(Allocator::new(Pages(arena))) }
    }

    pub(crate) fn caller(&self, arena: &'static Arena) -> Caller {
        Caller { world: *self, front: front(arena) }
    }

    #[allow(unsafe_code, reason = "audits")]
    pub(crate) fn audit(&self) -> Audit {
        // SAFETY: one thread is left.
        unsafe { self.allocator.audit() }.expect("every invariant holds")
    }

    /// Nothing is out: all memory is in the pool, and the figures agree.
    pub(crate) fn is_empty(&self, last: Caller) {
        self.allocator.trim(last.front);
        last.end();
        let audit = self.audit();
        let left = (audit.live_blocks, audit.magazine_blocks, audit.remote_blocks, audit.spans);
        assert_eq!(left, (0, 0, 0, 0), "blocks live, in magazines, remote, and spans: {audit:?}");
        let stats = self.allocator.stats();
        assert_eq!((stats.active, stats.large, stats.threads), (0, 0, 0), "{stats:?}");
        assert_eq!(stats.spans_taken, stats.spans_given, "{stats:?}");
        let slabs: u32 = self.allocator.slabs_by_class().iter().sum();
        assert_eq!(slabs, 0, "no slab is in a span");
    }
}

impl Caller {
    /// Applies settings.
    pub(crate) fn configure(&self, off: Off, harden: Harden) {
        let settings = Settings::new().with(|settings| {
            settings.off = off;
            settings.harden = harden;
        });
        self.world.allocator.configure(self.front, &settings);
    }

    pub(crate) fn take(&self, bytes: usize) -> *mut u8 {
        let mut block = self.world.allocator.take(self.front, bytes);
        if block.is_null() {
            block = self.world.allocator.take_slow(self.front, bytes);
        }
        assert!(!block.is_null(), "{bytes} bytes were refused");
        hakmem_seam::use_block(block);
        block
    }

    pub(crate) fn give(&self, block: *mut u8) {
        hakmem_seam::use_block(block);
        assert!(self.try_give(block), "a live block is taken back");
    }

    /// False if it is a fault.
    #[allow(unsafe_code, reason = "gives back what a model has")]
    pub(crate) fn try_give(&self, block: *mut u8) -> bool {
        let allocator = self.world.allocator;
        // SAFETY: the model uses it no more; two that give one block back are told.
        unsafe { allocator.give(self.front, block) || allocator.give_slow(self.front, block).is_ok() }
    }

    pub(crate) fn end(&self) {
        self.world.allocator.end_thread(self.front).expect("no block was freed twice");
    }
}

/// Where a thread leaves something that is looked at when all are joined.
pub(crate) fn left<T: Default>() -> &'static Plain<T> {
    Box::leak(Box::new(Plain::new(T::default())))
}
