//! Large blocks in quarantine: they cost addresses only.

use super::mapping::Mapping;
use crate::harden::quarantine::MOST_LARGE;

/// Freed blocks, oldest first: nobody can reach them, and their pages went back.
pub(super) struct Waiting {
    blocks: [Mapping; MOST_LARGE],
    count: usize,
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self { blocks: [Mapping::NONE; MOST_LARGE], count: 0 }
    }

    fn all(&self) -> impl Iterator<Item = &Mapping> {
        self.blocks.iter().take(self.count)
    }

    /// True if the block is one of them.
    pub(super) fn holds(&self, start: *mut u8) -> bool {
        self.all().any(|waiting| waiting.start == start)
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> usize {
        self.all().map(|waiting| waiting.bytes).sum()
    }

    /// Takes a block in, if it fits.
    pub(super) fn push(&mut self, mapping: Mapping, most: usize) -> bool {
        let fits = self.bytes().saturating_add(mapping.bytes) <= most;
        match self.blocks.get_mut(self.count) {
            Some(place) if fits => {
                *place = mapping;
                self.count += 1;
                true
            }
            _ => false,
        }
    }

    /// Lets the oldest go.
    pub(super) fn pop(&mut self) -> Option<Mapping> {
        self.count = self.count.checked_sub(1)?;
        let oldest = self.blocks.first().copied();
        self.blocks.copy_within(1.., 0);
        oldest
    }
}
