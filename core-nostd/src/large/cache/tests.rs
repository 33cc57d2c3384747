use super::*;

const MIB: usize = 1 << 20;

fn block(number: usize, bytes: usize) -> Mapping {
    Mapping { start: core::ptr::without_provenance_mut(number << 32), bytes, guard: 0 }
}

/// A cache in which blocks of these sizes were seen to come back: it keeps as many bytes of any.
fn that_wants(sizes: &[usize]) -> Cache {
    let mut cache = Cache::new();
    for (number, &bytes) in sizes.iter().enumerate() {
        assert!(cache.keep(block(number + 1, bytes), Millis::ZERO, usize::MAX).is_some(), "not wanted yet");
    }
    assert!(sizes.iter().all(|&bytes| cache.take(bytes, 1).is_none()));
    cache
}

#[test]
fn where_there_are_too_many_the_oldest_makes_way_and_is_wanted_no_more() {
    let sizes: [usize; SLOTS] = core::array::from_fn(|_| 2 * MIB);
    let mut cache = that_wants(&sizes);
    cache.wanted += 2 * MIB;
    for number in 1..=SLOTS {
        assert!(cache.keep(block(number, 2 * MIB), Millis::ZERO, usize::MAX).is_none());
    }
    let goes = cache.keep(block(SLOTS + 1, 2 * MIB), Millis::ZERO, usize::MAX).expect("one is too many");
    assert_eq!(goes.start, block(1, 2 * MIB).start, "the oldest");
    assert_eq!((cache.bytes(), cache.wanted), (SLOTS * 2 * MIB, SLOTS * 2 * MIB));
    assert!(cache.kept().all(|(kept, _)| kept.start != goes.start));
}

#[test]
fn beyond_the_room_the_oldest_go() {
    let mut cache = that_wants(&[2 * MIB, 3 * MIB, 4 * MIB]);
    for (number, mib) in [2, 3, 4].into_iter().enumerate() {
        assert!(cache.keep(block(number + 1, mib * MIB), Millis::ZERO, usize::MAX).is_none());
    }
    assert!(cache.take_beyond(9 * MIB).is_none());
    assert_eq!(cache.take_beyond(8 * MIB).map(|gone| gone.bytes), Some(2 * MIB));
    assert_eq!((cache.bytes(), cache.wanted), (7 * MIB, 7 * MIB));
    assert!(cache.take(2 * MIB, 1).is_none());
    assert_eq!(cache.wanted, 9 * MIB, "it was asked for again");
}

#[test]
fn the_smallest_that_fits_is_taken_and_one_that_is_a_quarter_too_large_is_not() {
    let mut cache = that_wants(&[4 * MIB, 5 * MIB, 6 * MIB]);
    for (number, mib) in [6, 5, 4].into_iter().enumerate() {
        assert!(cache.keep(block(number + 1, mib * MIB), Millis::ZERO, usize::MAX).is_none());
    }
    assert!(cache.take(3 * MIB, 1).is_none());
    assert_eq!(cache.take(4 * MIB, 1).map(|taken| taken.bytes), Some(4 * MIB));
    assert_eq!(cache.take(4 * MIB, 1).map(|taken| taken.bytes), Some(5 * MIB));
    assert!(cache.take(4 * MIB, 1).is_none());
    assert_eq!(cache.bytes(), 6 * MIB);
}
