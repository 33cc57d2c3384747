#![allow(unsafe_code, reason = "records in zeroed memory")]

use super::*;
use crate::config::geometry::{META_END, SUPERSLAB_SLABS};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeSet;

/// A superslab's records, and where its metadata starts.
pub(in crate::slab) fn with_records(test: impl FnOnce(&[Slab; SUPERSLAB_SLABS], *const u8)) {
    let layout = Layout::from_size_align(META_END, 1 << 17).expect("a power of two");
    // SAFETY: not empty.
    let meta = unsafe { alloc_zeroed(layout) };
    assert!(!meta.is_null());
    // SAFETY: zeroed memory is valid records and words, which are dropped before it.
    test(unsafe { &*meta.cast() }, meta);
    // SAFETY: allocated above with this layout.
    unsafe { dealloc(meta, layout) };
}

/// Each word of each slab has a place of its own, and those of 32-byte blocks stand in two pages.
#[test]
fn words_lie_apart_and_the_near_ones_side_by_side() {
    with_records(each_word_has_a_place);
}

fn each_word_has_a_place(records: &[Slab; SUPERSLAB_SLABS], meta: *const u8) {
    let offset = |word: &AtomicU64| core::ptr::from_ref(word).addr() - meta.addr();
    let mut places = BTreeSet::new();
    for (index, slab) in records.iter().enumerate() {
        assert_eq!(slab.index(), index);
        for word in 0..WORDS {
            let (own, remote) = (offset(slab.word_of_many(word)), offset(slab.remote_word_of_many(word)));
            assert!(places.insert(own) && places.insert(remote), "word {word} of slab {index} is another's");
            assert!((META_WORDS..META_REMOTE_WORDS).contains(&own) && (META_REMOTE_WORDS..META_END).contains(&remote));
            assert_eq!(own < META_WORDS + 8192, word < NEAR_WORDS, "word {word} of slab {index}");
            assert_eq!(remote - META_REMOTE_WORDS, own - META_WORDS);
        }
        let far = slab.far_words();
        assert_eq!(offset(&far[0]), offset(slab.word_of_many(NEAR_WORDS)));
        assert_eq!(offset(&far[far.len() - 1]), offset(slab.word_of_many(WORDS - 1)));
    }
}
