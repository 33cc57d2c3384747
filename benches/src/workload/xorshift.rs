//! The generator all workloads draw from.

/// Marsaglia's 32-bit xorshift (13, 17, 5).
pub(crate) struct Xorshift(u32);

impl Xorshift {
    /// Starts at `seed`, which must not be 0.
    pub(crate) const fn new(seed: u32) -> Self {
        assert!(seed != 0, "xorshift stays at 0 for ever");
        Self(seed)
    }

    /// The next 32 bits.
    #[inline(always)]
    pub(crate) fn draw(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize
    }
}
