//! Replays actions on a heap over a region against the oracle, without an allocator of its own.

#![allow(unsafe_code, reason = "takes blocks and gives them back; tells the oracle of live ones")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::null_mut;

use hakmem_core::region::{Heap, HeapStats, Lock, Profile};
use hakmem_core::{Fault, FaultKind};

use crate::action::{Action, Wrong};
use crate::oracle::{Oracle, Wish, natural_align};
use crate::summary::Summary;

/// See the file's head. The vocabulary's slots are counted modulo `N`; a region has no threads.
pub struct Session<'a, P: Profile, L: Lock, const N: usize> {
    heap: &'a Heap<P, L>,
    start: *mut u8,
    bytes: usize,
    slots: [Slot; N],
    /// What was given back last, by slot, and how many blocks had been placed by then.
    former: [(Slot, u32); N],
    /// True if the profile knows the sizes of blocks.
    pub sees_sizes: bool,
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
        let (slots, former) = ([Slot::EMPTY; N], [(Slot::EMPTY, 0); N]);
        Self {
            heap,
            start,
            bytes,
            slots,
            former,
            sees_sizes: false,
            oracle: Oracle::new(),
            summary: Summary::default(),
        }
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
            Action::Misuse { slot, wrong, offset } => self.misuse(usize::from(slot) % N, wrong, offset as usize),
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
            self.former[slot] = (Slot { block, layout }, self.summary.placed);
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

    /// A free that the profile must refuse, if there is one: only what it promises to see.
    fn misuse(&mut self, slot: usize, wrong: Wrong, offset: usize) {
        let (live, (former, placed)) = (self.slots[slot], self.former[slot]);
        match wrong {
            Wrong::Twice if !former.block.is_null() && !self.is_reused(former) => {
                // Where smaller blocks begin by now, it may lie in one that is free.
                let kinds = [FaultKind::DoubleFree, FaultKind::InnerPointer];
                let kinds = if self.summary.placed == placed { &kinds[..1] } else { &kinds };
                self.refuse(former.block, former.layout, kinds);
            }
            Wrong::Inside if self.sees_sizes && !live.block.is_null() => {
                let layout = layout((live.layout.size() + offset % self.bytes) as u32, live.layout.align());
                let last = live.block.wrapping_add((layout.size() - 1) & !15);
                if last.addr() - self.start.addr() < self.bytes && !self.is_an_end(last) {
                    // The heap may end before the last one.
                    self.refuse(live.block, layout, &[FaultKind::WrongSize, FaultKind::Foreign]);
                }
            }
            Wrong::Foreign | Wrong::Astray => {
                let behind = self.start.wrapping_add(self.bytes + offset);
                let before = self.start.wrapping_sub(8 + offset);
                let pointer = if slot.is_multiple_of(2) { behind } else { before };
                self.refuse(pointer, layout(8, 8), &[FaultKind::Foreign]);
            }
            Wrong::Twice | Wrong::Inside => {}
        }
    }

    /// The live blocks, by their first address and the one behind their last.
    fn ranges(&self) -> impl Iterator<Item = (usize, usize)> {
        let live = self.slots.iter().filter(|slot| !slot.block.is_null());
        live.map(|slot| (slot.block.addr(), slot.block.addr() + self.heap.usable(slot.block, slot.layout)))
    }

    /// True if memory that was given back is a live block's again.
    fn is_reused(&self, former: Slot) -> bool {
        let (start, end) = (former.block.addr(), former.block.addr() + former.layout.size());
        self.ranges().any(|(first, behind)| first < end && start < behind)
    }

    /// True if a live block begins or ends in the granule.
    fn is_an_end(&self, granule: *mut u8) -> bool {
        self.ranges().any(|(first, behind)| first == granule.addr() || behind - 16 == granule.addr())
    }

    /// Frees and resizes in vain, for one of these reasons.
    fn refuse(&self, pointer: *mut u8, layout: Layout, kinds: &[FaultKind]) {
        let before = self.heap.stats();
        // SAFETY: refused, which is what is tested.
        let (given, resized) =
            unsafe { (self.heap.give(pointer, layout), self.heap.resize(pointer, layout, layout.size() + 1)) };
        assert_eq!(given, resized.map(drop), "{pointer:p}, {layout:?}");
        let told = given.expect_err("a misuse is told");
        assert!(kinds.contains(&told), "{told:?}, not {kinds:?}: {pointer:p}, {layout:?}");
        assert_eq!(self.heap.stats(), before, "a fault changes nothing");
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
