//! A row of slots that blocks of one class come into, from the last slot down: who pops gets them in the
//! order in which they came.

use crate::base::sync::Cell;

use crate::harden::random::Dice;

/// Slots, of which the first `left` have not been filled.
#[derive(Debug)]
pub struct Refill<'a> {
    slots: &'a [Cell<*mut u8>],
    left: usize,
    /// Says which blocks come, if it is not to be the lowest.
    pub dice: Option<&'a Dice>,
}

impl<'a> Refill<'a> {
    /// None filled yet.
    pub const fn new(slots: &'a [Cell<*mut u8>]) -> Self {
        Self { slots, left: slots.len(), dice: None }
    }

    /// Blocks that came.
    pub const fn len(&self) -> usize {
        self.slots.len() - self.left
    }

    /// True if none came.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Blocks that can still come.
    pub const fn room(&self) -> usize {
        self.left
    }

    /// True if no more can come.
    pub const fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Takes a block in; lost if it is full.
    pub fn put(&mut self, block: *mut u8) {
        if let Some(slot) = self.left.checked_sub(1).and_then(|last| self.slots.get(last)) {
            slot.set(block);
            self.left -= 1;
        }
    }

    /// Takes neighbours in, the lowest first; lost are those for which there is no room.
    pub fn put_row(&mut self, lowest: *mut u8, bytes: usize, count: usize) {
        let left = self.left.saturating_sub(count);
        let mut block = lowest;
        for slot in self.slots.get(left..self.left).unwrap_or_default().iter().rev() {
            slot.set(block);
            block = block.wrapping_add(bytes);
        }
        self.left = left;
    }
}
