#![allow(unsafe_code, reason = "a record is zeroed memory")]

use super::*;

/// Every span of so many blocks that lies in its bucket, at every number in use, and the same with blocks given back.
#[test]
fn who_is_misplaced_belongs_into_another_bucket_or_nowhere() {
    for capacity in [1, 2, 63, 64, 65, 66, 67, 100, 127, 128, 1_000, 2_048, 4_096] {
        // SAFETY: zeroed memory is a valid record.
        let slab: Slab = unsafe { core::mem::zeroed() };
        slab.capacity.set(capacity);
        for had in 1..capacity {
            slab.used.set(had);
            let place = slab.bucket();
            slab.set_listing(place);
            for used in (0..=had).rev() {
                slab.used.set(used);
                assert_eq!(slab.is_misplaced(), used == 0 || slab.bucket() != place, "{used} of {had} of {capacity}");
            }
        }
        slab.set_listing(CURRENT);
        assert!(!slab.is_misplaced(), "of whichever fullness");
        slab.set_listing(FULL);
        slab.used.set(capacity - 1);
        assert!(slab.is_misplaced());
    }
}

#[test]
fn a_slab_of_first_blocks_is_in_one_bucket_and_stays_when_all_are_back() {
    // SAFETY: as above.
    let slab: Slab = unsafe { core::mem::zeroed() };
    slab.tag.set(SizeClass::STARTER, 0);
    slab.capacity.set(2_048);
    for used in 1..2_048 {
        slab.used.set(used);
        assert_eq!(slab.bucket(), 0);
        slab.set_listing(0);
        assert!(!slab.is_misplaced());
    }
}
