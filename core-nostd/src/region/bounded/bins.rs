//! Lists of holes by size, and a mask of those that are not empty.
//!
//! Holes of 1 to 3 granules have a bin each, larger ones two bins a doubling. A word of bits says which bins are not
//! empty, so that a hole that surely fits is two steps away, whatever the heap looks like (TLSF: Masmano, Ripoll,
//! Crespo, Real, 2004; one level of bits is enough for sizes of 16).

#![allow(unsafe_code, reason = "indices without a check: a panic path costs a firmware kilobytes")]

use crate::region::scan::{MOST, exponent, lowest};

/// As many as sizes of 16 bits need, and as a word has bits.
const BINS: usize = 32;

const _: () = assert!(number(MOST, 14) as usize == BINS - 1, "the largest hole is in the last bin");

/// Heads of the lists: granules, 0 for none.
pub(super) struct Bins {
    filled: u32,
    heads: [u16; BINS],
}

/// The number of a bin, below [`BINS`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Bin(u32);

const fn number(granules: u32, shift: u32) -> u32 {
    (granules >> shift) + 2 * shift
}

impl Bin {
    /// Where holes of so many granules are, [`MOST`] at most.
    #[inline(always)]
    pub(super) fn of(granules: usize) -> Self {
        Self(number(granules as u32, exponent(granules as u32)))
    }

    /// The bin of a number that came from `number`.
    #[inline(always)]
    pub(super) const fn named(number: u32) -> Self {
        Self(number)
    }

    #[inline(always)]
    pub(super) const fn number(self) -> usize {
        // SAFETY: `of`, `find`: largest of all is that of `MOST`.
        unsafe { core::hint::assert_unchecked(self.0 < BINS as u32) };
        self.0 as usize
    }
}

impl Bins {
    pub(super) const EMPTY: Self = Self { filled: 0, heads: [0; BINS] };

    /// The first bin behind one that is not empty.
    #[inline(always)]
    pub(super) fn find_behind(&self, bin: Bin) -> Option<Bin> {
        let filled = self.filled >> 1 >> bin.number() << bin.number() << 1;
        if filled != 0 { Some(Bin(lowest(filled))) } else { None }
    }

    /// The first hole of a bin, 0 for none.
    #[inline(always)]
    pub(super) fn head(&mut self, bin: Bin) -> &mut u16 {
        // SAFETY: a `Bin` is below `BINS`.
        unsafe { self.heads.get_unchecked_mut(bin.number()) }
    }

    /// A hole becomes the first one; returns who was.
    #[inline(always)]
    pub(super) fn push(&mut self, bin: Bin, at: usize) -> u16 {
        let next = core::mem::replace(self.head(bin), at as u16);
        if next == 0 {
            self.filled |= 1 << bin.number();
        }
        next
    }

    /// The first one leaves; `next` is the first one now, 0 for none.
    #[inline(always)]
    pub(super) fn pop(&mut self, bin: Bin, next: u16) {
        *self.head(bin) = next;
        if next == 0 {
            self.filled &= !(1 << bin.number());
        }
    }

    /// Every bin: itself, its head, and whether the mask says that it is not empty.
    pub(super) fn all(&self) -> impl Iterator<Item = (Bin, u16, bool)> {
        self.heads.iter().zip(0..).map(|(&head, bin)| (Bin(bin), head, self.filled >> bin & 1 == 1))
    }
}
