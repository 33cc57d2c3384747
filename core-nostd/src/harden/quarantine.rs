//! `quarantine`: freed blocks wait in a queue before they can be handed out again. This is the queue; what is done
//! with who leaves it is the allocator's.
//!
//! `quarantine`: a block that waits is its class's in its slab, not live, in no magazine; an extent that waits
//! is nobody's, and not free (`area`).

use crate::base::sync::Cell;

/// Blocks that a queue holds at most.
pub(crate) const MOST_BLOCKS: usize = 4096;

/// Large blocks that wait at most, all threads' together.
pub(crate) const MOST_LARGE: usize = 16;
/// They cost addresses, not memory, so that they may have so many times the bytes of a thread's queue.
pub(crate) const LARGE_SHARE: usize = 64;

/// A thread's freed blocks, oldest first. All zero when new.
#[derive(Debug)]
pub struct Quarantine {
    blocks: [Cell<*mut u8>; MOST_BLOCKS],
    oldest: Cell<usize>,
    count: Cell<usize>,
    /// Bytes of all of them.
    bytes: Cell<usize>,
}

impl Quarantine {
    /// Takes a block in; the caller made room for it.
    pub fn push(&self, block: *mut u8, bytes: usize) {
        let newest = (self.oldest.get() + self.count.get()) % MOST_BLOCKS;
        if let Some(place) = self.blocks.get(newest) {
            place.set(block);
            self.count.set(self.count.get() + 1);
            self.bytes.set(self.bytes.get() + bytes);
        }
    }

    /// True if one of `bytes` more may come in, of `most` bytes in all.
    pub fn has_room(&self, bytes: usize, most: usize) -> bool {
        self.count.get() < MOST_BLOCKS && self.bytes.get().saturating_add(bytes) <= most
    }

    /// Lets the oldest go, whose bytes `measure` says.
    pub fn pop(&self, measure: impl FnOnce(*mut u8) -> usize) -> Option<*mut u8> {
        let count = self.count.get().checked_sub(1)?;
        let block = self.blocks.get(self.oldest.get())?.get();
        self.oldest.set((self.oldest.get() + 1) % MOST_BLOCKS);
        self.count.set(count);
        self.bytes.set(self.bytes.get().saturating_sub(measure(block)));
        Some(block)
    }

    /// Those that wait, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = *mut u8> {
        let places = self.blocks.iter().cycle().skip(self.oldest.get()).take(self.count.get());
        places.map(Cell::get)
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.bytes.get()
    }
}

#[cfg(test)]
mod tests;
