//! The numbers that everything is made from.

/// Marsaglia's 32-bit xorshift.
pub(crate) struct Draw(u32);

impl Draw {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A number below another.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end
    }
}
