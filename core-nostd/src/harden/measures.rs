//! Which measures are in force: chosen once, before the first block is freed under them.

#![allow(unsafe_code, reason = "keeps a function in an atomic")]

use core::ptr;

use super::guard_slabs::Guards;
use super::{Fault, FaultKind, fill};
use crate::base::sync::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use crate::config::flags::{Harden, Off};

/// Who came upon a block that was written to after it was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finder {
    /// A request that is to get it.
    Take,
    /// A free that lets it out of the quarantine, or its slab go.
    Give,
}

/// Called with a write after free. It may not call the allocator; if it returns, all goes on.
pub type OnWritten = fn(&Fault, Finder);

/// See the file's head.
#[derive(Debug)]
pub struct Measures {
    chosen: AtomicU8,
    /// Bytes of freed blocks that a thread's quarantine holds at most.
    pub quarantine_bytes: AtomicUsize,
    /// Inaccessible memory behind blocks.
    pub guards: Guards,
    on_written: AtomicPtr<()>,
}

impl Measures {
    /// None.
    pub const fn new() -> Self {
        Self {
            chosen: AtomicU8::new(0),
            quarantine_bytes: AtomicUsize::new(0),
            guards: Guards::new(),
            on_written: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Chooses, if nothing was chosen before; true if so.
    pub fn choose(&self, measures: Harden, quarantine_bytes: usize) -> bool {
        if measures.is_empty() || !self.chosen().is_empty() {
            return false;
        }
        self.quarantine_bytes.store(quarantine_bytes, Ordering::Relaxed);
        self.chosen.store(measures.bits(), Ordering::Relaxed);
        true
    }

    /// Those in force.
    #[inline]
    pub fn chosen(&self) -> Harden {
        Harden::from_bits_retain(self.chosen.load(Ordering::Relaxed))
    }

    /// True if one of these is.
    #[inline]
    pub fn has(&self, any: Harden) -> bool {
        self.chosen().intersects(any)
    }

    /// What freed blocks are filled with.
    pub fn freed_byte(&self) -> Option<u8> {
        fill::freed_byte(self.chosen())
    }

    /// What must be off while they are in force.
    pub fn rules_out(&self) -> Off {
        let mut off = Off::empty();
        // Blocks that are cut anew, and those without a byte in the live map, have no place for what is known of
        // a freed one; and who wants to be unpredictable does not hand out neighbours.
        off.set(Off::STARTERS | Off::PACKING, self.has(Harden::HOLDS | Harden::RANDOM));
        off.set(Off::RESERVE, self.has(Harden::RANDOM | Harden::GUARD_SLABS));
        // Spans are opened where the provider may be called.
        off.set(Off::COLD_THREADS | Off::PACKING, self.has(Harden::GUARD_SLABS));
        off
    }

    /// What is to happen when a freed block was written to.
    pub fn on_written(&self, hook: OnWritten) {
        self.on_written.store(hook as *mut (), Ordering::Release);
    }

    /// Looks whether a freed block of `bytes` bytes is as it was left; true if it is.
    ///
    /// # Safety
    ///
    /// It is free, in the caller's hands, and was filled.
    pub unsafe fn look_at(&self, block: *mut u8, bytes: usize, finder: Finder) -> bool {
        let Some(byte) = self.freed_byte() else { return true };
        // SAFETY: the caller's promise.
        let Some(changed) = (unsafe { fill::first_other(block, bytes, byte) }) else { return true };
        self.report(
            Fault { kind: FaultKind::WrittenAfterFree, address: block.addr() + changed, block_bytes: bytes },
            finder,
        );
        false
    }

    #[cold]
    fn report(&self, fault: Fault, finder: Finder) {
        let hook = self.on_written.load(Ordering::Acquire);
        if !hook.is_null() {
            // SAFETY: `on_written` alone stores there, functions of this type.
            let hook = unsafe { core::mem::transmute::<*mut (), OnWritten>(hook) };
            hook(&fault, finder);
        }
    }
}

impl Default for Measures {
    fn default() -> Self {
        Self::new()
    }
}
