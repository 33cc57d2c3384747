//! Where the words of a span's bitmap stand: in the records where one is enough, else behind them.

#![allow(unsafe_code, reason = "finds words in the metadata by address")]

use super::Slab;
use crate::base::sync::AtomicU64;
use crate::config::geometry::{META_REMOTE_WORDS, META_WORDS, WORDS_BYTES};

impl Slab {
    /// True if the span has at most 64 blocks, whose bits then are in the record itself.
    #[inline(always)]
    pub fn has_one_word(&self) -> bool {
        self.class().shape().capacity <= 64
    }

    #[inline(always)]
    fn words_at(&self, offset: usize) -> &[AtomicU64; WORDS_BYTES / 8] {
        let (meta, index) = self.meta();
        // SAFETY: `meta-committed`: each slab has its words there; any bits are valid ones.
        unsafe { &*meta.add(offset + index * WORDS_BYTES).cast() }
    }

    /// The owner's words, where the span has more than 64 blocks.
    #[inline]
    pub fn words(&self) -> &[AtomicU64; WORDS_BYTES / 8] {
        self.words_at(META_WORDS)
    }

    /// The words that others set, where the span has more than 64 blocks.
    #[inline]
    pub fn remote_words(&self) -> &[AtomicU64; WORDS_BYTES / 8] {
        self.words_at(META_REMOTE_WORDS)
    }

    /// One of the owner's words, whichever way the span keeps them.
    #[inline(always)]
    pub fn word_of(&self, word: usize) -> &AtomicU64 {
        if self.has_one_word() { &self.word } else { self.word_of_many(word) }
    }

    /// One of the owner's words, where the span has more than 64 blocks.
    #[inline(always)]
    pub fn word_of_many(&self, word: usize) -> &AtomicU64 {
        // SAFETY: `slab-word`: blocks are below 4,096, so words below 64.
        unsafe { core::hint::assert_unchecked(word < WORDS_BYTES / 8) };
        &self.words()[word]
    }

    /// One of the words that others set.
    #[inline]
    pub fn remote_word_of(&self, word: usize) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { core::hint::assert_unchecked(word < WORDS_BYTES / 8) };
        if self.has_one_word() { &self.remote().word } else { &self.remote_words()[word] }
    }
}
