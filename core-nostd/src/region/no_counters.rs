//! Counts that are not kept: without the feature `heap-stats` nothing is stored and no instruction spent.

/// Nothing.
pub(super) struct Counters;

impl Counters {
    pub(super) const ZERO: Self = Self;

    /// Nothing is measured.
    #[inline(always)]
    pub(super) fn measured(_: impl FnOnce() -> usize) -> usize {
        0
    }

    #[inline(always)]
    pub(super) fn took(&mut self, _: usize) {}

    #[inline(always)]
    pub(super) fn gave(&mut self, _: usize) {}

    #[inline(always)]
    pub(super) fn refused(&mut self) {}

    pub(super) fn high_water(&self) -> Option<usize> {
        None
    }

    pub(super) fn failed(&self) -> Option<usize> {
        None
    }
}
