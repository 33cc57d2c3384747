//! A row of slots that blocks of one class come into.

use core::cell::Cell;

/// Slots and how many of them are taken.
#[derive(Debug)]
pub struct Refill<'a> {
    slots: &'a [Cell<*mut u8>],
    len: usize,
}

impl<'a> Refill<'a> {
    /// None taken yet.
    pub const fn new(slots: &'a [Cell<*mut u8>]) -> Self {
        Self { slots, len: 0 }
    }

    /// Lets no more than `most` blocks in.
    pub fn limit(&mut self, most: usize) {
        self.slots = self.slots.get(..most).unwrap_or(self.slots);
    }

    /// Blocks that came.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if none came.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Blocks that can still come.
    pub const fn room(&self) -> usize {
        self.slots.len() - self.len
    }

    /// True if no more can come.
    pub const fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// Takes a block in; lost if it is full.
    pub fn put(&mut self, block: *mut u8) {
        if let Some(slot) = self.slots.get(self.len) {
            slot.set(block);
            self.len += 1;
        }
    }
}
