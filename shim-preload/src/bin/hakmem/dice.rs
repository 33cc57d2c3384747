//! Dice: numbers that look random, the same in every run.

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The first of them all.
    pub(crate) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// A number below 2^31.
    #[inline(always)]
    pub(crate) fn roll(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize
    }

    /// From `least` to `most`.
    #[inline(always)]
    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.roll() % (most - least + 1)
    }
}
