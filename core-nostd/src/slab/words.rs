//! Where the words of a span's bitmap stand: in the records where one is enough, else behind them.
//!
//! ```text
//! near   slab 0: words 0 – 15 | slab 1 | … | slab 63     all that blocks of 32 bytes and more have: two pages
//! far    slab 0: words 16 – 63 | slab 1 | … | slab 63    of smaller ones and of starters: six pages
//! ```

#![allow(unsafe_code, reason = "finds words in the metadata by address")]

use super::Slab;
use crate::base::sync::AtomicU64;
use crate::config::geometry::{
    AREA_WORDS, FAR, FAR_BYTES, META_REMOTE_WORDS, META_WORDS, NEAR_BYTES, NEAR_WORDS, WORDS,
};

#[cfg(test)]
pub(super) mod tests;

impl Slab {
    /// True if the span has at most 64 blocks, whose bits then are in the record itself.
    #[inline(always)]
    pub fn has_one_word(&self) -> bool {
        self.class().shape().capacity <= 64
    }

    /// The word of that number in a part of the metadata, where the span has more than 64 blocks.
    #[inline(always)]
    fn word_at(&self, part: usize, word: usize) -> &AtomicU64 {
        // SAFETY: `slab-word`: blocks are below 4,096, so words below 64.
        unsafe { core::hint::assert_unchecked(word < WORDS) };
        let (meta, index) = self.meta();
        let offset = match word.checked_sub(NEAR_WORDS) {
            None => index * NEAR_BYTES + word * 8,
            Some(word) => FAR + index * FAR_BYTES + word * 8,
        };
        // SAFETY: `meta-committed`: each slab has its words there; any bits are valid ones.
        unsafe { &*meta.add(part + offset).cast() }
    }

    /// The owner's words from number [`NEAR_WORDS`] on, where the span has more than 64 blocks.
    #[inline]
    pub(super) fn far_words(&self) -> &[AtomicU64; WORDS - NEAR_WORDS] {
        let (meta, index) = self.meta();
        // SAFETY: as in `word_at`: they stand side by side.
        unsafe { &*meta.add(META_WORDS + FAR + index * FAR_BYTES).cast() }
    }

    /// One of the owner's words, whichever way the span keeps them.
    #[inline(always)]
    pub fn word_of(&self, word: usize) -> &AtomicU64 {
        if self.has_one_word() { &self.word } else { self.word_of_many(word) }
    }

    /// One of the owner's words, where the span has more than 64 blocks.
    #[inline(always)]
    pub fn word_of_many(&self, word: usize) -> &AtomicU64 {
        self.word_at(META_WORDS, word)
    }

    /// An area's words: those of its slabs stand side by side.
    #[inline(always)]
    pub(super) fn area_words(&self) -> &[AtomicU64; AREA_WORDS] {
        let (meta, index) = self.meta();
        // SAFETY: `meta-committed`, and `area`: it has as many slabs as its words need; any bits are valid ones.
        unsafe { &*meta.add(META_WORDS + index * NEAR_BYTES).cast() }
    }

    /// One of the words that others set, where the span has more than 64 blocks.
    #[inline]
    pub fn remote_word_of_many(&self, word: usize) -> &AtomicU64 {
        self.word_at(META_REMOTE_WORDS, word)
    }

    /// One of the words that others set.
    #[inline]
    pub fn remote_word_of(&self, word: usize) -> &AtomicU64 {
        if self.has_one_word() { &self.remote().word } else { self.remote_word_of_many(word) }
    }
}
