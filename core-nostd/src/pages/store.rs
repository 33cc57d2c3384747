//! Room for the allocator's own structures: never returned, reused by size.

#![allow(unsafe_code, reason = "hands out raw memory of the provider")]

use core::ptr::{self, NonNull};

use super::{PageProvider, Users};
use crate::base::address::round_up;
use crate::base::sync::{Lock, Passage};

const CHUNK_BYTES: usize = 256 << 10;
const LEAST_SHIFT: u32 = 6;
const SIZES: usize = 16;
const MOST_SHIFT: u32 = LEAST_SHIFT + SIZES as u32 - 1;

/// See the file's head. No lock is held while the provider works.
pub struct Store<P: PageProvider> {
    shelf: Lock<Shelf, P>,
}

/// What is left of a chunk, taken from its end, with a free list for each power of two.
struct Shelf {
    at: *mut u8,
    left: usize,
    free: [*mut u8; SIZES],
    mapped: usize,
}

// SAFETY: the pointers are to memory that only the shelf's holder uses.
unsafe impl Send for Shelf {}

impl<P: PageProvider> Store<P> {
    /// A store that has nothing yet.
    ///
    /// # Safety
    ///
    /// What is reached through it is used as this crate's own layers use it: they trust each other.
    pub const unsafe fn new() -> Self {
        let shelf = Shelf { at: ptr::null_mut(), left: 0, free: [ptr::null_mut(); SIZES], mapped: 0 };
        Self { shelf: Lock::new(shelf) }
    }

    /// Bytes mapped so far.
    pub fn mapped(&self) -> usize {
        self.shelf.lock().mapped
    }

    /// `bytes` of memory aligned to 64 bytes; its contents are unspecified.
    pub fn take(&self, provider: &P, bytes: usize) -> Option<NonNull<u8>> {
        let shift = shift(bytes);
        if shift > MOST_SHIFT {
            let run = provider.map(1 << shift, provider.page_bytes())?;
            provider.dedicate(run, 1 << shift, Users::SlowPaths);
            self.shelf.lock().mapped += 1 << shift;
            return Some(run);
        }
        let room = self.shelf.lock().take(shift);
        room.or_else(|| self.take_new(provider, shift))
    }

    /// The same for what is never given back: not rounded to a power of two where a chunk has room.
    pub fn keep(&self, provider: &P, bytes: usize) -> Option<NonNull<u8>> {
        let room = self.shelf.lock().cut(bytes.next_multiple_of(1 << LEAST_SHIFT));
        room.or_else(|| self.take(provider, bytes))
    }

    /// A room from a new chunk, unless somebody else brought one meanwhile.
    #[cold]
    fn take_new(&self, provider: &P, shift: u32) -> Option<NonNull<u8>> {
        let page = provider.page_bytes();
        let chunk = |bytes: usize| {
            let bytes = round_up(bytes, page)?;
            Some((provider.map(bytes, page)?, bytes))
        };
        let chunk = chunk((1 << shift).max(CHUNK_BYTES)).or_else(|| chunk(1 << shift));
        let mut shelf = self.shelf.lock();
        let room = shelf.take(shift);
        let Some((start, bytes)) = chunk else { return room };
        if room.is_some() {
            drop(shelf);
            // SAFETY: mapped whole just now, seen by nobody.
            unsafe { provider.release(start, bytes) };
            return room;
        }
        provider.dedicate(start, bytes, Users::SlowPaths);
        (shelf.at, shelf.left) = (start.as_ptr(), bytes);
        shelf.mapped += bytes;
        shelf.take(shift)
    }

    /// Memory that costs no call, taken unless there is some already.
    ///
    /// # Safety
    ///
    /// It is a multiple of 64 bytes, aligned so, committed, nobody uses it, and it is never released.
    pub unsafe fn offer(&self, start: *mut u8, bytes: usize) {
        let mut shelf = self.shelf.lock();
        if shelf.mapped == 0 {
            (shelf.at, shelf.left, shelf.mapped) = (start, bytes, bytes);
        }
    }

    /// Takes a block back for reuse, or unmaps it where it is too large for the lists.
    ///
    /// # Safety
    ///
    /// `block` came from [`Store::take`] with the same `bytes`, and nobody uses it.
    pub unsafe fn give(&self, provider: &P, block: NonNull<u8>, bytes: usize) {
        let shift = shift(bytes);
        let mut shelf = self.shelf.lock();
        if shift > MOST_SHIFT {
            shelf.mapped -= 1 << shift;
            drop(shelf);
            // SAFETY: `take` mapped it whole.
            unsafe { provider.release(block, 1 << shift) };
            return;
        }
        let list = &mut shelf.free[(shift - LEAST_SHIFT) as usize % SIZES];
        // SAFETY: the block is at least 64 bytes and ours again.
        unsafe { block.cast::<*mut u8>().write(*list) };
        *list = block.as_ptr();
    }

    /// Past the lock.
    pub fn pass(&self, passage: &mut Passage) {
        passage.pass(&self.shelf);
    }
}

impl Shelf {
    /// A block of `1 << shift` bytes, if there is one.
    fn take(&mut self, shift: u32) -> Option<NonNull<u8>> {
        let list = &mut self.free[(shift - LEAST_SHIFT) as usize % SIZES];
        if let Some(block) = NonNull::new(*list) {
            // SAFETY: a block on the list is ours, and its first word links to the next.
            *list = unsafe { block.cast::<*mut u8>().read() };
            return Some(block);
        }
        self.cut(1 << shift)
    }

    /// The end of what is left of the chunk.
    fn cut(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        self.left = self.left.checked_sub(bytes)?;
        NonNull::new(self.at.wrapping_add(self.left))
    }
}

fn shift(bytes: usize) -> u32 {
    bytes.next_power_of_two().trailing_zeros().max(LEAST_SHIFT)
}
