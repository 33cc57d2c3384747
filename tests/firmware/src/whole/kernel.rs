//! A kernel's allocator: the program has a front, and so has the interrupt, as if it were a thread that is always
//! quicker. The hot paths are open to interrupts; a lock is held only while there are none, so nobody waits for one.

#![allow(unsafe_code, reason = "hands out memory")]

use core::alloc::{GlobalAlloc, Layout};

use hakmem_core::{Allocator, Audit, Front};

use crate::board::in_interrupt;
use crate::board::pages::Pages;
use crate::misuse;

/// Largest alignment of a block for which none was asked.
const PLAIN_ALIGN: usize = 16;

/// See the file's head.
pub struct Kernel {
    core: Allocator<Pages>,
    /// The program's and the interrupt's.
    fronts: [Front; 2],
}

// SAFETY: one processor. A front is used by the program alone or by the interrupt alone.
unsafe impl Sync for Kernel {}

impl Default for Kernel {
    fn default() -> Self {
        Self::new()
    }
}

impl Kernel {
    /// Has reserved nothing yet.
    pub const fn new() -> Self {
        // SAFETY: they come to this allocator alone.
        Self { core: Allocator::new(Pages), fronts: [const { unsafe { Front::new() } }; 2] }
    }

    fn front(&self) -> &Front {
        &self.fronts[usize::from(in_interrupt())]
    }

    /// What the hot paths do not do.
    fn alone<T>(&self, closure: impl FnOnce(&Allocator<Pages>, &Front) -> T) -> T {
        critical_section::with(|_| closure(&self.core, self.front()))
    }

    /// Walks the invariants.
    pub fn audit(&self) -> Audit {
        // SAFETY: nobody else is at work.
        self.alone(|core, _| unsafe { core.audit() }).expect("every invariant holds")
    }

    /// Gives back all that is idle; returns the bytes.
    pub fn trim(&self) -> usize {
        self.alone(|core, _| self.fronts.iter().map(|front| core.trim(front)).sum())
    }
}

// SAFETY: the core's blocks: at least as long and aligned as asked.
unsafe impl GlobalAlloc for Kernel {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > PLAIN_ALIGN {
            return self.alone(|core, front| core.take_aligned(front, layout.size(), layout.align()));
        }
        let bytes = layout.size().max(layout.align());
        let block = self.core.take(self.front(), bytes);
        if !block.is_null() {
            return block;
        }
        self.alone(|core, front| {
            let block = core.take_medium(front, bytes);
            if block.is_null() { core.take_slow(front, bytes) } else { block }
        })
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's promise.
        if unsafe { self.core.give(self.front(), block) } {
            return;
        }
        // SAFETY: as above.
        let give = |core: &Allocator<Pages>, front: &Front| unsafe {
            if core.give_packed(front, block) { Ok(()) } else { core.give_slow(front, block) }
        };
        if let Err(fault) = self.alone(give) {
            misuse::tell(&fault);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if layout.align() <= PLAIN_ALIGN {
            let bytes = bytes.max(layout.align());
            // SAFETY: the caller's promise.
            let resize = |core: &Allocator<Pages>, front: &Front| unsafe { core.resize(front, block, bytes) };
            return self.alone(resize).unwrap_or_else(|fault| misuse::tell(&fault));
        }
        // SAFETY: the caller's promise.
        let new = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        // SAFETY: the caller's promise.
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            // SAFETY: both are live and so long.
            unsafe {
                moved.copy_from_nonoverlapping(block, bytes.min(layout.size()));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}
