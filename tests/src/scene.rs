//! An allocator over Linux pages, with a clock that stands, and two threads that one real thread plays.

#![allow(unsafe_code, reason = "tests keep to the rules by themselves, or break them where that is told")]
#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "as above")]

use hakmem_core::seam::SizeClass;
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
        Self { allocator: Allocator::new(pages), one: new_front(), two: new_front() }
    }

    /// A block for the first thread, by the paths that a shim tries in turn.
    pub fn take(&self, bytes: usize) -> *mut u8 {
        let paths = [Allocator::take, Allocator::take_medium, Allocator::take_slow];
        let block = paths.iter().map(|path| path(&self.allocator, &self.one, bytes)).find(|block| !block.is_null());
        block.unwrap_or_else(|| panic!("{bytes} bytes were refused"))
    }

    /// Gives a pointer back by one of the threads.
    pub fn try_give(&self, front: &Front, block: *mut u8) -> Result<(), Fault> {
        if give_fast(&self.allocator, front, block) || give_packed(&self.allocator, front, block) {
            return Ok(());
        }
        give_slow(&self.allocator, front, block)
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
    if !give_fast(allocator, front, block) {
        give_slow(allocator, front, block).expect("a live block is taken back");
    }
}

/// A new thread's front, which comes to one allocator alone.
pub fn new_front() -> Front {
    // SAFETY: each test has one allocator at a time, and new fronts with it.
    unsafe { Front::new() }
}

/// [`Allocator::give`] of a block that the test has, or of what is no block.
pub fn give_fast<P: PageProvider>(allocator: &Allocator<P>, front: &Front, pointer: *mut u8) -> bool {
    // SAFETY: tests use no block that they gave back.
    unsafe { allocator.give(front, pointer) }
}

/// [`Allocator::give_packed`] of the same.
pub fn give_packed<P: PageProvider>(allocator: &Allocator<P>, front: &Front, pointer: *mut u8) -> bool {
    // SAFETY: as above.
    unsafe { allocator.give_packed(front, pointer) }
}

/// [`Allocator::give_slow`] of the same.
pub fn give_slow<P: PageProvider>(allocator: &Allocator<P>, front: &Front, pointer: *mut u8) -> Result<(), Fault> {
    // SAFETY: as above.
    unsafe { allocator.give_slow(front, pointer) }
}

/// [`Allocator::after_fork`], of a fork that the test plays.
pub fn after_fork<P: PageProvider>(allocator: &Allocator<P>, front: &Front, in_child: bool) -> Result<(), Fault> {
    // SAFETY: of the threads of a test in whose child others would be gone none is at work.
    unsafe { allocator.after_fork(front, in_child) }
}

/// A block of a class that has a magazine.
pub fn take_sized<P: PageProvider>(allocator: &Allocator<P>, front: &Front, class: SizeClass) -> *mut u8 {
    assert!(class.has_magazine() && !class.is_room());
    // SAFETY: just asserted.
    unsafe { allocator.take_sized(front, class) }
}

/// [`Allocator::resize`] of the same.
pub fn resize<P: PageProvider>(
    allocator: &Allocator<P>,
    front: &Front,
    pointer: *mut u8,
    bytes: usize,
) -> Result<*mut u8, Fault> {
    // SAFETY: as above.
    unsafe { allocator.resize(front, pointer, bytes) }
}

/// Ends a thread.
pub fn end<P: PageProvider>(allocator: &Allocator<P>, front: &Front) {
    allocator.end_thread(front).expect("no block was freed twice");
}
