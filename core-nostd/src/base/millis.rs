//! Milliseconds of the provider's clock.

/// A reading of the clock, or the time between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(u64);

impl Millis {
    /// When the clock began, or no time.
    pub const ZERO: Self = Self(0);
    /// After every reading: what was last used then is not idle for long.
    pub const NEVER: Self = Self(u64::MAX);

    /// So many of them.
    pub const fn new(ms: u64) -> Self {
        Self(ms)
    }

    /// Their number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The time since an earlier reading; none since a later one.
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}
