//! An allocator over Linux pages, with a clock that stands, and two threads that one real thread plays.

#![allow(unsafe_code, reason = "audits")]

use hakmem_core::{Allocator, Audit, Fault, Front, PageProvider};

use crate::providers::{Clocked, Faulty, LinuxPages, Narrow};

/// See the file's head; nothing was allocated yet.
pub struct Scene {
    /// What is tested.
    pub allocator: Allocator<Clocked<Narrow<Faulty<LinuxPages>>>>,
    /// The first thread: who takes.
    pub one: Front,
    /// The second.
    pub two: Front,
}

impl Scene {
    /// Zones of `zone_bytes`.
    pub fn new(zone_bytes: usize) -> Self {
        let pages = Clocked::new(Narrow::new(Faulty::new(LinuxPages::new()), zone_bytes, usize::MAX));
        Self { allocator: Allocator::new(pages), one: Front::new(), two: Front::new() }
    }

    /// A block for the first thread, by the paths that a shim tries in turn.
    pub fn take(&self, bytes: usize) -> *mut u8 {
        let paths = [Allocator::take, Allocator::take_medium, Allocator::take_slow];
        let block = paths.iter().map(|path| path(&self.allocator, &self.one, bytes)).find(|block| !block.is_null());
        block.unwrap_or_else(|| panic!("{bytes} bytes were refused"))
    }

    /// Gives a pointer back by one of the threads.
    pub fn try_give(&self, front: &Front, block: *mut u8) -> Result<(), Fault> {
        if self.allocator.give(front, block) || self.allocator.give_packed(front, block) {
            return Ok(());
        }
        self.allocator.give_slow(front, block)
    }

    /// Gives a live block back by the first thread.
    pub fn give(&self, block: *mut u8) {
        self.try_give(&self.one, block).expect("a live block is taken back");
    }

    /// Walks the invariants.
    pub fn audit(&self) -> Audit {
        // SAFETY: one real thread.
        unsafe { self.allocator.audit() }.expect("every invariant holds")
    }
}

/// A block for a thread, by the hot path or the slow one.
pub fn take<P: PageProvider>(allocator: &Allocator<P>, front: &Front, bytes: usize) -> *mut u8 {
    let block = allocator.take(front, bytes);
    let block = if block.is_null() { allocator.take_slow(front, bytes) } else { block };
    assert!(!block.is_null(), "{bytes} bytes were refused");
    block
}

/// Gives a live block back, in the same way.
pub fn give<P: PageProvider>(allocator: &Allocator<P>, front: &Front, block: *mut u8) {
    if !allocator.give(front, block) {
        allocator.give_slow(front, block).expect("a live block is taken back");
    }
}

/// Ends a thread.
pub fn end<P: PageProvider>(allocator: &Allocator<P>, front: &Front) {
    allocator.end_thread(front).expect("no block was freed twice");
}
