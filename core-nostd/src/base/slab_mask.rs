//! Some slabs of a superslab, as bits.

use core::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, Not, Shl, Shr};

use super::bits::{for_each_run, low, multiples, nth_one, run_starts, take_lowest};
use crate::config::geometry::SUPERSLAB_SLABS;

/// See the file's head: bit `n` stands for slab `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct SlabMask(u64);

impl SlabMask {
    /// No slab.
    pub const NONE: Self = Self(0);
    /// Every slab.
    pub const ALL: Self = Self(u64::MAX);

    /// Those whose bits are set.
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// One slab.
    pub const fn one(slab: usize) -> Self {
        Self(1 << slab)
    }

    /// `count` slabs from the `first`'th on.
    pub const fn run(first: usize, count: usize) -> Self {
        Self(low(count) << first)
    }

    /// Every `step`'th slab.
    pub const fn multiples(step: usize) -> Self {
        Self(multiples(step))
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// How many they are.
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The number of the lowest one, if there is one.
    pub const fn first(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// The number of the one that has `before` ones of them below it, if there is one.
    pub fn nth(self, before: usize) -> usize {
        nth_one(self.0, before) as usize
    }

    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if every slab is there.
    pub const fn is_all(self) -> bool {
        self.0 == u64::MAX
    }

    /// True if the slab is one of them.
    pub const fn contains(self, slab: usize) -> bool {
        self.0 >> slab & 1 == 1
    }

    /// Where a run of so many can start.
    pub const fn run_starts(self, slabs: usize) -> Self {
        Self(run_starts(self.0, slabs))
    }

    /// Takes up to `most` of the lowest out; returns them.
    pub fn take_lowest(&mut self, most: usize) -> Self {
        Self(take_lowest(&mut self.0, most))
    }

    /// Calls `each` with first slab and length of every run, lowest first.
    pub fn for_each_run(self, each: impl FnMut(usize, usize)) {
        for_each_run(self.0, each);
    }
}

impl BitAnd for SlabMask {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitAndAssign for SlabMask {
    fn bitand_assign(&mut self, other: Self) {
        self.0 &= other.0;
    }
}

impl BitOr for SlabMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for SlabMask {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Not for SlabMask {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// So many slabs further up; those beyond the last are out.
impl Shl<usize> for SlabMask {
    type Output = Self;

    fn shl(self, slabs: usize) -> Self {
        Self(self.0 << slabs)
    }
}

/// So many slabs further down; those below the first are out.
impl Shr<usize> for SlabMask {
    type Output = Self;

    fn shr(self, slabs: usize) -> Self {
        Self(self.0 >> slabs)
    }
}

const _: () = assert!(SUPERSLAB_SLABS == 64, "a mask has a bit for every slab");
