//! Replays actions on an allocator against the oracle: several logical threads, one real one.
//!
//! A front is a plain value, so a logical thread is a front of its own; the order of events is the
//! list's, and a failure replays.

#![allow(unsafe_code, reason = "gives back what the oracle knows to be live; audits")]

mod misuse;

use alloc::boxed::Box;

use hakmem_core::{Allocator, Audit, Fault, Front, PageProvider, Settings};

use crate::action::Action;
use crate::oracle::{Oracle, Wish, natural_align};

/// Logical threads.
pub const THREADS: usize = 4;

const SLOTS: usize = 256;

/// A block that was given back, and how often memory had been reused then.
#[derive(Clone, Copy)]
struct Former {
    block: *mut u8,
    reuses: usize,
}

impl Former {
    const NONE: Self = Self { block: core::ptr::null_mut(), reuses: 0 };
}

/// See the file's head.
pub struct Driver<'a, P: PageProvider> {
    allocator: &'a Allocator<P>,
    fronts: [Box<Front>; THREADS],
    ended: [bool; THREADS],
    current: usize,
    slots: [*mut u8; SLOTS],
    /// What was given back last, by slot.
    former: [Former; SLOTS],
    /// Counts what may use freed memory anew.
    reuses: usize,
    misuses: usize,
    oracle: Oracle<SLOTS>,
    /// True if memory may run out: then null is an answer.
    pub may_refuse: bool,
    /// Null answers so far.
    pub refused: usize,
}

/// A front for a driver's threads.
fn new_front() -> Front {
    // SAFETY: a driver has one allocator.
    unsafe { Front::new() }
}

impl<'a, P: PageProvider> Driver<'a, P> {
    /// Fresh threads over an allocator of which no block is out.
    pub fn new(allocator: &'a Allocator<P>) -> Self {
        Self {
            allocator,
            fronts: core::array::from_fn(|_| Box::new(new_front())),
            ended: [false; THREADS],
            current: 0,
            slots: [core::ptr::null_mut(); SLOTS],
            former: [Former::NONE; SLOTS],
            reuses: 0,
            misuses: 0,
            oracle: Oracle::new(),
            may_refuse: false,
            refused: 0,
        }
    }

    /// Applies settings through the thread at work.
    pub fn configure(&self, settings: &Settings) {
        self.allocator.configure(self.front(), settings);
    }

    fn front(&self) -> &'a Front {
        let front: *const Front = &raw const *self.fronts[self.current];
        // SAFETY: boxed, so it stays in place; replaced only between two calls.
        unsafe { &*front }
    }

    /// Replays all of them.
    pub fn run(&mut self, actions: &[Action]) {
        for &action in actions {
            self.step(action);
        }
    }

    /// Replays one.
    pub fn step(&mut self, action: Action) {
        match action {
            Action::Take { slot, bytes } => {
                let bytes = bytes as usize;
                self.take(slot, Wish { bytes, align: natural_align(bytes), zeroed: false });
            }
            Action::TakeZeroed { slot, bytes } => {
                let bytes = bytes as usize;
                self.take(slot, Wish { bytes, align: natural_align(bytes), zeroed: true });
            }
            Action::TakeAligned { slot, bytes, align_shift } => {
                self.take(slot, Wish { bytes: bytes as usize, align: 1 << align_shift, zeroed: slot % 2 == 1 });
            }
            Action::Give { slot } => self.give(slot),
            Action::Resize { slot, bytes } => self.resize(slot, bytes as usize),
            Action::GiveRemote { slot } => {
                let here = self.current;
                self.current = (here + 1) % THREADS;
                self.give(slot);
                self.current = here;
            }
            Action::EndThread { thread } => self.end_or_start(usize::from(thread) % THREADS),
            Action::SwitchThread { thread } => self.current = usize::from(thread) % THREADS,
            Action::Trim => {
                self.allocator.trim(self.front());
            }
            Action::Audit => {
                self.audit();
            }
            Action::Misuse { slot, wrong, offset } => self.misuse(slot, wrong, offset),
        }
    }

    /// Has the thread at work do something of its own, after which no block of its is out.
    pub fn call<T>(&mut self, closure: impl FnOnce(&'a Allocator<P>, &Front) -> T) -> T {
        self.reuses += 1;
        closure(self.allocator, self.front())
    }

    /// Usable bytes of all live blocks.
    pub fn live_bytes(&self) -> usize {
        self.oracle.bytes()
    }

    /// Asks the way a shim does: the hot paths, then the slow one.
    fn ask(&self, wish: Wish) -> *mut u8 {
        let (allocator, front) = (self.allocator, self.front());
        if wish.align != natural_align(wish.bytes) {
            let take = if wish.zeroed { Allocator::take_aligned_zeroed } else { Allocator::take_aligned };
            return take(allocator, front, wish.bytes, wish.align);
        }
        if wish.zeroed {
            return allocator.take_zeroed(front, wish.bytes);
        }
        [Allocator::take, Allocator::take_medium, Allocator::take_slow]
            .into_iter()
            .map(|path| path(allocator, front, wish.bytes))
            .find(|block| !block.is_null())
            .unwrap_or(core::ptr::null_mut())
    }

    fn take(&mut self, slot: u8, wish: Wish) {
        self.give(slot);
        self.reuses += 1;
        let block = self.ask(wish);
        if block.is_null() {
            self.refuse(wish.bytes);
            return;
        }
        let usable = self.usable(block);
        // SAFETY: handed out just now, with so many usable bytes.
        unsafe { self.oracle.admit(block, usable, wish, slot) };
        self.slots[usize::from(slot)] = block;
    }

    fn give(&mut self, slot: u8) {
        let block = core::mem::replace(&mut self.slots[usize::from(slot)], core::ptr::null_mut());
        if block.is_null() {
            return;
        }
        self.oracle.dismiss(block, self.usable(block));
        self.former[usize::from(slot)] = Former { block, reuses: self.reuses };
        self.give_to(self.front(), block).expect("a live block is taken back");
    }

    /// Gives back what is live and used no more, or what is no live block.
    fn give_to(&self, front: &Front, pointer: *mut u8) -> Result<(), Fault> {
        // SAFETY: said above.
        unsafe {
            if self.allocator.give(front, pointer) || self.allocator.give_packed(front, pointer) {
                return Ok(());
            }
            self.allocator.give_slow(front, pointer)
        }
    }

    fn resize(&mut self, slot: u8, bytes: usize) {
        let old = self.slots[usize::from(slot)];
        if old.is_null() {
            return;
        }
        self.reuses += 1;
        // SAFETY: the slot has the block.
        let new = unsafe { self.allocator.resize(self.front(), old, bytes) }.expect("a live block can be resized");
        if new.is_null() {
            self.refuse(bytes);
            return;
        }
        let (usable, wish) = (self.usable(new), Wish { bytes, align: natural_align(bytes), zeroed: false });
        // SAFETY: handed out just now, and the old block went with it.
        unsafe { self.oracle.resized(old, new, usable, wish, slot) };
        self.slots[usize::from(slot)] = new;
    }

    fn usable(&self, block: *mut u8) -> usize {
        self.allocator.usable(block).expect("a live block has a size")
    }

    fn refuse(&mut self, bytes: usize) {
        assert!(self.may_refuse, "{bytes} bytes were refused");
        self.refused += 1;
    }

    fn end_or_start(&mut self, thread: usize) {
        // Also before it starts anew: a thread that ended while there was no memory for its thread heap may
        // have got one since.
        self.allocator.end_thread(&self.fronts[thread]).expect("no block was freed twice");
        if self.ended[thread] {
            *self.fronts[thread] = new_front();
        }
        self.ended[thread] = !self.ended[thread];
    }

    /// Walks the invariants, and compares the count with the oracle's.
    pub fn audit(&self) -> Audit {
        self.oracle.check_all();
        // SAFETY: one real thread.
        let audit = unsafe { self.allocator.audit() }.expect("every invariant holds");
        assert_eq!(audit.live_blocks, self.oracle.blocks() as u64, "live blocks: ours and the oracle's");
        assert_eq!(audit.live_bytes, self.oracle.bytes() as u64, "live bytes: ours and the oracle's");
        audit
    }

    /// Gives every block back, ends every thread, trims, and sees that nothing is left.
    pub fn finish(mut self) {
        self.audit();
        for slot in 0..SLOTS {
            self.current = slot % THREADS;
            self.give(slot as u8);
        }
        self.audit();
        for front in &self.fronts {
            self.allocator.end_thread(front).expect("no block was freed twice");
        }
        self.allocator.trim(self.front());
        let audit = self.audit();
        assert_eq!((audit.live_blocks, audit.magazine_blocks, audit.remote_blocks), (0, 0, 0), "{audit:?}");
        let stats = self.allocator.stats();
        assert_eq!((stats.active, stats.large, stats.large_cached, stats.threads), (0, 0, 0, 0), "{stats:?}");
        assert_eq!(stats.spans_taken, stats.spans_given, "{stats:?}");
    }
}
