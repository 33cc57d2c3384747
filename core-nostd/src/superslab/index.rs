//! A zone's index: which of its superslabs have free slabs.
//!
//! `pool-index`: the first word of a pair has a superslab's bit iff its `free` is not empty, the second iff
//! [`SuperSlab::kept`](super::header::SuperSlab::kept) is not.

#![allow(unsafe_code, reason = "index words stand in the zone's own memory")]

use core::iter;

use super::header::Has;
use super::pool::PoolZone;
use crate::base::bits::low;
use crate::base::place::SuperSlabNumber;
use crate::config::geometry::INDEX_HEAD_BYTES;

impl PoolZone {
    /// Bytes that the index of `superslabs` superslabs takes behind the metadata.
    pub(super) const fn index_bytes(superslabs: usize) -> usize {
        (2 * superslabs.div_ceil(64) * 8).saturating_sub(INDEX_HEAD_BYTES)
    }

    fn index(&self) -> *mut [u64; 2] {
        self.meta_end.wrapping_sub(INDEX_HEAD_BYTES).cast()
    }

    /// The pairs of words of committed superslabs.
    fn words(&self) -> &[[u64; 2]] {
        if self.meta_end.is_null() {
            return &[];
        }
        // SAFETY: the index has a pair of words for each 64 superslabs.
        unsafe { core::slice::from_raw_parts(self.index(), self.committed.div_ceil(64)) }
    }

    fn word(&self, at: usize, has: Has) -> u64 {
        self.words().get(at).map_or(0, |words| words[has as usize])
    }

    /// True if it says so of the superslab.
    pub(super) fn says(&self, superslab: SuperSlabNumber, has: Has) -> bool {
        let (at, bit) = split(superslab);
        self.word(at, has) >> bit & 1 == 1
    }

    /// From now on it says these of a committed superslab.
    pub(super) fn say(&mut self, superslab: SuperSlabNumber, has: [bool; 2]) {
        let (at, bit) = split(superslab);
        // SAFETY: as above.
        let words = unsafe { &mut *self.index().add(at) };
        for (word, has) in words.iter_mut().zip(has) {
            *word = *word & !(1 << bit) | u64::from(has) << bit;
        }
    }

    /// The first superslab from `from` on of which it says so.
    pub(super) fn next(&self, has: Has, from: SuperSlabNumber) -> Option<SuperSlabNumber> {
        let (first, bit) = split(from);
        (first..self.committed.div_ceil(64)).find_map(|at| {
            let before = if at == first { low(bit) } else { 0 };
            let word = self.word(at, has) & !before;
            (word != 0).then(|| SuperSlabNumber::new(at * 64 + word.trailing_zeros() as usize))
        })
    }

    /// The last superslab of which it says so among the first `end`.
    pub(super) fn last(&self, has: Has, end: usize) -> Option<SuperSlabNumber> {
        (0..end.div_ceil(64)).rev().find_map(|at| {
            let word = self.word(at, has) & low(end - at * 64);
            (word != 0).then(|| SuperSlabNumber::new(at * 64 + word.ilog2() as usize))
        })
    }

    /// Those from `from` on of which it says so when their turn comes.
    pub(super) fn all(&self, has: Has, mut from: SuperSlabNumber) -> impl Iterator<Item = SuperSlabNumber> + use<> {
        let zone = *self;
        iter::from_fn(move || {
            let found = zone.next(has, from)?;
            from = found.behind();
            Some(found)
        })
    }
}

/// Which pair of words a superslab is in, and its bit.
const fn split(superslab: SuperSlabNumber) -> (usize, usize) {
    (superslab.index() / 64, superslab.index() % 64)
}
