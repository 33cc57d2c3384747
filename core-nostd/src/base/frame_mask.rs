//! Some frames of an area, as bits.

use core::ops::{BitAnd, BitOr, Not};

use super::bits::low;

/// Words of a mask.
pub(crate) const MASK_WORDS: usize = 8;
/// Frames that a mask has bits for: as many as a superslab has.
pub(crate) const MASK_FRAMES: usize = MASK_WORDS * 64;

/// See the file's head: bit `n` stands for frame `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameMask(pub(crate) [u64; MASK_WORDS]);

impl FrameMask {
    /// No frame.
    pub(crate) const NONE: Self = Self([0; MASK_WORDS]);

    /// `count` frames from the `first`'th on.
    #[inline(never)]
    pub(crate) fn run(first: usize, count: usize) -> Self {
        let below = |frame: usize, word: usize| low(frame.saturating_sub(word * 64).min(64));
        Self(core::array::from_fn(|word| below(first + count, word) & !below(first, word)))
    }

    /// `count` frames more, from the `first`'th on.
    #[inline(never)]
    pub(crate) fn insert(&mut self, first: usize, count: usize) {
        *self = *self | Self::run(first, count);
    }

    /// How many they are.
    #[inline(never)]
    pub(crate) fn count(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True if there is none.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// True if the frame is one of them.
    pub(crate) fn contains(self, frame: usize) -> bool {
        self.0[frame / 64 % MASK_WORDS] >> (frame % 64) & 1 == 1
    }

    /// The first of them that is not before `frame`; [`MASK_FRAMES`] if there is none.
    #[inline(never)]
    pub(crate) fn next(self, frame: usize) -> usize {
        let mut below = low(frame % 64);
        for word in frame / 64..MASK_WORDS {
            let left = self.0[word % MASK_WORDS] & !core::mem::take(&mut below);
            if left != 0 {
                return word * 64 + left.trailing_zeros() as usize;
            }
        }
        MASK_FRAMES
    }

    /// First frame and length of every run, lowest first.
    pub(crate) fn runs(self) -> impl Iterator<Item = (usize, usize)> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let first = self.next(at);
            if first == MASK_FRAMES {
                return None;
            }
            at = (!self).next(first);
            Some((first, at - first))
        })
    }
}

impl BitAnd for FrameMask {
    type Output = Self;

    #[inline(never)]
    fn bitand(self, other: Self) -> Self {
        Self(core::array::from_fn(|word| self.0[word] & other.0[word]))
    }
}

impl BitOr for FrameMask {
    type Output = Self;

    #[inline(never)]
    fn bitor(self, other: Self) -> Self {
        Self(core::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

impl Not for FrameMask {
    type Output = Self;

    #[inline(never)]
    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

#[cfg(test)]
mod tests;
