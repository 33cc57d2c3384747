//! What a firmware developer wants to read of a heap.

use core::fmt;

/// A snapshot. All figures are bytes unless they are named otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapStats {
    /// That blocks can have, all together.
    pub capacity: usize,
    /// That are blocks', rounded up to granules.
    pub used: usize,
    /// That are in holes.
    pub free: usize,
    /// Of the largest hole: the largest request that is met for certain, at an alignment of 8.
    pub largest: usize,
    /// Holes, in number.
    pub holes: usize,
    /// That can never be blocks': of the regions, and the heap's own static.
    pub overhead: usize,
    /// Used at most so far; with the feature `heap-stats`.
    pub high_water: Option<usize>,
    /// Requests that were refused so far, in number; with the feature `heap-stats`.
    pub failed: Option<usize>,
}

impl fmt::Display for HeapStats {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capacity, used, free, largest, holes, overhead, .. } = self;
        write!(out, "{used} of {capacity} bytes used, {free} free in {holes} holes, largest {largest}, ")?;
        write!(out, "overhead {overhead}")?;
        if let Some(high_water) = self.high_water {
            write!(out, ", at most {high_water} used")?;
        }
        if let Some(failed) = self.failed {
            write!(out, ", {failed} requests refused")?;
        }
        Ok(())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for HeapStats {
    fn format(&self, out: defmt::Formatter<'_>) {
        defmt::write!(
            out,
            "{} of {} bytes used, {} free in {} holes, largest {}, overhead {}, at most {} used, {} requests refused",
            self.used,
            self.capacity,
            self.free,
            self.holes,
            self.largest,
            self.overhead,
            self.high_water,
            self.failed
        );
    }
}
