//! Counts kept at every call, with the feature `heap-stats`.

/// Bytes in use now and at most, and requests that were refused.
pub(super) struct Counters {
    used: usize,
    high_water: usize,
    failed: usize,
}

impl Counters {
    pub(super) const ZERO: Self = Self { used: 0, high_water: 0, failed: 0 };

    /// A number for `took` and `gave`.
    #[inline(always)]
    pub(super) fn measured(bytes: impl FnOnce() -> usize) -> usize {
        bytes()
    }

    #[inline(always)]
    pub(super) fn took(&mut self, bytes: usize) {
        self.used += bytes;
        self.high_water = self.high_water.max(self.used);
    }

    #[inline(always)]
    pub(super) fn gave(&mut self, bytes: usize) {
        self.used -= bytes;
    }

    #[inline(always)]
    pub(super) fn refused(&mut self) {
        self.failed += 1;
    }

    pub(super) fn high_water(&self) -> Option<usize> {
        Some(self.high_water)
    }

    pub(super) fn failed(&self) -> Option<usize> {
        Some(self.failed)
    }
}
