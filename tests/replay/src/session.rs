//! Replays actions on a heap over a region against the oracle, without an allocator of its own.

#![allow(unsafe_code, reason = "takes blocks and gives them back; tells the oracle of live ones")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::null_mut;

use hakmem_core::Fault;
use hakmem_core::region::{Heap, HeapStats, Lock, Profile};

use crate::action::Action;
use crate::oracle::{Oracle, Wish, natural_align};
use crate::summary::Summary;

/// See the file's head. The vocabulary's slots are counted modulo `N`; a region has no threads.
pub struct Session<'a, P: Profile, L: Lock, const N: usize> {
    heap: &'a Heap<P, L>,
    start: *mut u8,
    bytes: usize,
    slots: [Slot; N],
    oracle: Oracle<N>,
    summary: Summary,
}

/// A block, if it is not null, and what it was taken with.
#[derive(Clone, Copy)]
struct Slot {
    block: *mut u8,
    layout: Layout,
}

impl Slot {
    const EMPTY: Self = Self { block: null_mut(), layout: Layout::new::<u8>() };
}

fn stop(fault: &Fault) -> ! {
    panic!("hakmem: {fault}")
}

fn layout(bytes: u32, align: usize) -> Layout {
    // A size of 0 is never asked for.
    Layout::from_size_align(bytes.max(1) as usize, align).expect("sizes of the vocabulary are small")
}

impl<'a, P: Profile, L: Lock, const N: usize> Session<'a, P, L, N> {
    /// Over a heap of which no block is out and that nobody else uses; its regions lie within so many bytes from
    /// `start` on. Its hook is set: a fault panics.
    pub fn new(heap: &'a Heap<P, L>, start: *mut u8, bytes: usize) -> Self {
        heap.on_fault(stop);
        Self { heap, start, bytes, slots: [Slot::EMPTY; N], oracle: Oracle::new(), summary: Summary::default() }
    }

    /// What came of it so far.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Replays one.
    pub fn step(&mut self, action: Action) {
        self.summary.actions += 1;
        match action {
            Action::Take { slot, bytes } => self.take(slot, layout(bytes, natural_align(bytes as usize)), false),
            Action::TakeZeroed { slot, bytes } => self.take(slot, layout(bytes, natural_align(bytes as usize)), true),
            Action::TakeAligned { slot, bytes, align_shift } => {
                self.take(slot, layout(bytes, 1 << align_shift), slot % 2 == 1);
            }
            Action::Give { slot } | Action::GiveRemote { slot } => self.give(usize::from(slot) % N),
            Action::Resize { slot, bytes } => self.resize(slot, bytes.max(1) as usize),
            Action::EndThread { .. } | Action::SwitchThread { .. } | Action::Trim => {}
            Action::Audit => {
                self.audit();
            }
        }
    }

    fn take(&mut self, tag: u8, layout: Layout, zeroed: bool) {
        let slot = usize::from(tag) % N;
        self.give(slot);
        // SAFETY: the layout is not empty.
        let block = unsafe { if zeroed { self.heap.alloc_zeroed(layout) } else { self.heap.alloc(layout) } };
        if self.note(block, layout.size()) {
            let wish = Wish { bytes: layout.size(), align: layout.align(), zeroed };
            // SAFETY: handed out just now.
            unsafe { self.oracle.admit(block, layout.size(), wish, tag) };
            self.slots[slot] = Slot { block, layout };
        }
    }

    fn give(&mut self, slot: usize) {
        let Slot { block, layout } = core::mem::replace(&mut self.slots[slot], Slot::EMPTY);
        if !block.is_null() {
            self.oracle.dismiss(block, layout.size());
            // SAFETY: live, of this layout.
            unsafe { self.heap.dealloc(block, layout) };
        }
    }

    fn resize(&mut self, tag: u8, bytes: usize) {
        let Slot { block: old, layout } = self.slots[usize::from(tag) % N];
        if old.is_null() {
            return;
        }
        // SAFETY: live, of this layout; the new size is not 0.
        let new = unsafe { self.heap.realloc(old, layout, bytes) };
        if self.note(new, bytes) {
            let wish = Wish { bytes, align: layout.align(), zeroed: false };
            // SAFETY: handed out just now, and the old block went with it.
            unsafe { self.oracle.resized(old, new, bytes, wish, tag) };
            let layout = Layout::from_size_align(bytes, layout.align()).expect("as for the old one");
            self.slots[usize::from(tag) % N] = Slot { block: new, layout };
        }
    }

    /// True if there is a block, which must lie where the heap's memory is.
    fn note(&mut self, block: *mut u8, bytes: usize) -> bool {
        if block.is_null() {
            self.summary.note(None);
            return false;
        }
        let offset = block.addr().wrapping_sub(self.start.addr());
        let within = offset < self.bytes && bytes <= self.bytes - offset;
        assert!(within, "{bytes} bytes at {block:p} are not within {} at {:p}", self.bytes, self.start);
        self.summary.note(Some(offset));
        true
    }

    /// Walks the invariants, and compares the figures with the oracle's.
    pub fn audit(&self) -> HeapStats {
        self.heap.audit().expect("every invariant holds");
        self.oracle.check_all();
        let stats = self.heap.stats();
        let live = self.slots.iter().filter(|slot| !slot.block.is_null());
        let usable: usize = live.map(|slot| self.heap.usable(slot.block, slot.layout)).sum();
        assert!(stats.used == usable, "{usable} bytes are out: {stats}");
        assert_eq!(stats.used + stats.free, stats.capacity, "{stats}");
        assert!(stats.largest <= stats.free && (stats.holes == 0) == (stats.free == 0), "{stats}");
        assert!(stats.high_water.is_none_or(|most| most >= stats.used), "{stats}");
        let refused = self.summary.refused as usize;
        assert!(stats.failed.is_none_or(|failed| failed == refused), "{refused} were refused: {stats}");
        stats
    }

    /// Gives every block back, and sees that nothing is missing.
    pub fn finish(mut self) -> Summary {
        self.audit();
        for slot in 0..N {
            self.give(slot);
        }
        let stats = self.audit();
        assert_eq!((stats.used, stats.free), (0, stats.capacity), "{stats}");
        self.summary
    }
}
