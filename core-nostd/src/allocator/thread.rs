//! The door that needs no promise: a thread's front, lent for as long as the thread wants it.

#![allow(unsafe_code, reason = "gives the front back")]

use super::Allocator;
use crate::config::settings::Settings;
use crate::harden::Fault;
use crate::heap::Front;
use crate::pages::PageProvider;

/// A thread that uses an allocator: it stays on its thread, and has its own front. When it is dropped, the thread's
/// blocks go back to their slabs; those that it handed out stay with who has them, and whoever comes by may give them
/// back.
///
/// ```
/// #![forbid(unsafe_code)]
/// use hakmem_core::{Allocator, PageProvider};
///
/// /// The bytes that a thread has after a first block.
/// fn first_block<P: PageProvider>(allocator: &Allocator<P>) -> Option<u64> {
///     let thread = allocator.enter()?;
///     let _block: *mut u8 = thread.take(100);
///     Some(allocator.stats().active)
/// }
/// ```
///
/// What was handed out is given back on trust, so not without `unsafe`:
///
/// ```compile_fail,E0133
/// #![forbid(unsafe_code)]
/// use hakmem_core::{PageProvider, Thread};
///
/// fn free<P: PageProvider>(thread: &Thread<'_, P>, pointer: *mut u8) {
///     let _ = thread.give(pointer);
/// }
/// ```
pub struct Thread<'a, P: PageProvider> {
    allocator: &'a Allocator<P>,
    front: &'a Front,
}

impl<P: PageProvider> Allocator<P> {
    /// The calling thread begins to use the allocator; `None` if memory is out.
    pub fn enter(&self) -> Option<Thread<'_, P>> {
        // SAFETY: nobody but the thread has it, which is this allocator's.
        let front = unsafe { self.lend_front()? };
        Some(Thread { allocator: self, front })
    }
}

impl<P: PageProvider> Thread<'_, P> {
    /// A block of at least `bytes`, aligned to 16 bytes, or to 8 where `bytes` ≤ 8. Null if memory is out or `bytes`
    /// is more than half the address space.
    pub fn take(&self, bytes: usize) -> *mut u8 {
        let paths = [Allocator::take, Allocator::take_medium, Allocator::take_slow];
        let mut blocks = paths.iter().map(|path| path(self.allocator, self.front, bytes));
        blocks.find(|block| !block.is_null()).unwrap_or_default()
    }

    /// The same, and every byte is 0.
    pub fn take_zeroed(&self, bytes: usize) -> *mut u8 {
        self.allocator.take_zeroed(self.front, bytes)
    }

    /// A block at a multiple of `align`; null also where that is no power of two.
    pub fn take_aligned(&self, bytes: usize, align: usize) -> *mut u8 {
        self.allocator.take_aligned(self.front, bytes, align)
    }

    /// The same, and every byte is 0.
    pub fn take_aligned_zeroed(&self, bytes: usize, align: usize) -> *mut u8 {
        self.allocator.take_aligned_zeroed(self.front, bytes, align)
    }

    /// Takes any block back, whichever thread took it. Null is nothing.
    ///
    /// # Errors
    ///
    /// What is no live block, as far as that can be seen; then nothing has changed.
    ///
    /// # Safety
    ///
    /// If a block starts there, it is the caller's to give back, and nobody uses it any more.
    pub unsafe fn give(&self, pointer: *mut u8) -> Result<(), Fault> {
        // SAFETY: the caller's promise.
        if unsafe { self.allocator.give(self.front, pointer) || self.allocator.give_packed(self.front, pointer) } {
            return Ok(());
        }
        // SAFETY: as above.
        unsafe { self.allocator.give_slow(self.front, pointer) }
    }

    /// A block of at least `bytes` with the old one's contents, see [`Allocator::resize`].
    ///
    /// # Errors
    ///
    /// As for [`Thread::give`].
    ///
    /// # Safety
    ///
    /// If a block starts there, it is the caller's to resize, and nobody else uses it.
    pub unsafe fn resize(&self, pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
        // SAFETY: the caller's promise.
        unsafe { self.allocator.resize(self.front, pointer, bytes) }
    }

    /// Applies settings; for this thread and all later ones.
    pub fn configure(&self, settings: &Settings) {
        self.allocator.configure(self.front, settings);
    }

    /// See [`Allocator::prewarm`].
    pub fn prewarm(&self, bytes: usize) -> usize {
        self.allocator.prewarm(self.front, bytes)
    }

    /// See [`Allocator::prewarm_classes`].
    pub fn prewarm_classes(&self, blocks: usize) -> usize {
        self.allocator.prewarm_classes(self.front, blocks)
    }

    /// See [`Allocator::round`].
    pub fn round(&self) -> bool {
        self.allocator.round(self.front)
    }

    /// Gives back at once all that the thread and the shared parts keep; returns the bytes.
    pub fn trim(&self) -> usize {
        self.allocator.trim(self.front)
    }

    /// The thread ends, as if it was dropped.
    ///
    /// # Errors
    ///
    /// A block that was freed twice, and seen only now.
    pub fn end(self) -> Result<(), Fault> {
        self.allocator.end_thread(self.front)
    }
}

impl<P: PageProvider> Drop for Thread<'_, P> {
    fn drop(&mut self) {
        // A fault is told by `end`, before; who does not ask is not told.
        let _ = self.allocator.end_thread(self.front);
        // SAFETY: lent by `enter`, its end was told, and the thread was its only user.
        unsafe { self.allocator.return_front(self.front) };
    }
}
