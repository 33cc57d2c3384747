//! Blocks that are out, in places of a table.

use super::heap::{self, Block};

/// As many as an arena has of the smallest ones.
pub(crate) const PLACES: usize = 4096;

/// Places count from 0.
pub(crate) struct Blocks {
    places: [Option<Block>; PLACES],
    count: usize,
}

impl Blocks {
    pub(crate) const NONE: Self = Self { places: [None; PLACES], count: 0 };

    /// Places that are, or were, in use.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Takes blocks of one size until there is none, and tells what the dearest call cost.
    pub(crate) fn fill(&mut self, bytes: usize) -> u32 {
        self.fill_with(|| bytes)
    }

    /// Takes blocks until one is refused, and tells what the dearest call cost.
    pub(crate) fn fill_with(&mut self, mut bytes: impl FnMut() -> usize) -> u32 {
        let mut most = 0;
        loop {
            let (block, cost) = heap::take(bytes(), heap::WORD);
            most = most.max(cost);
            let Some(block) = block else { return most };
            self.push(block);
        }
    }

    pub(crate) fn push(&mut self, block: Block) {
        assert!(self.count < PLACES, "more blocks than places");
        self.places[self.count] = Some(block);
        self.count += 1;
    }

    /// Gives back what is in a place, and tells what that cost.
    pub(crate) fn give(&mut self, place: usize) -> u32 {
        self.places[place].take().map_or(0, heap::give)
    }

    /// Gives back what is in the places that are named, and tells what the dearest call cost.
    pub(crate) fn give_each(&mut self, places: impl IntoIterator<Item = usize>) -> u32 {
        places.into_iter().map(|place| self.give(place)).max().unwrap_or(0)
    }

    /// Gives everything back, and tells what the dearest call cost.
    pub(crate) fn give_all(&mut self) -> u32 {
        let most = self.give_each(0..self.count);
        self.count = 0;
        most
    }

    /// Bytes that are out.
    pub(crate) fn bytes(&self) -> usize {
        self.places[..self.count].iter().flatten().map(|block| block.bytes).sum()
    }
}
