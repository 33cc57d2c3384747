use super::{FIRST_STEP, LARGE_ZONE, Plan};
use crate::config::geometry::{LIVE_MAP_BYTES, META_SHIFT, SUPERSLAB_BYTES};

const PAGES: [usize; 2] = [4096, 65536];

#[test]
fn parts_of_a_zone_lie_apart_and_within() {
    for page in PAGES {
        for superslabs in [1, 2, 3, 63, 64, 65, LARGE_ZONE - 1, LARGE_ZONE, LARGE_ZONE + 1, 1 << 16, 1 << 19] {
            let plan = Plan::new(superslabs, page);
            assert!(plan.base.is_multiple_of(SUPERSLAB_BYTES) && plan.bytes.is_multiple_of(page));
            let mut whole = [
                (plan.base, superslabs * SUPERSLAB_BYTES),
                (plan.live, superslabs * LIVE_MAP_BYTES),
                (plan.meta_end - (superslabs << META_SHIFT), superslabs << META_SHIFT),
                (plan.meta_end, plan.index_bytes),
            ];
            whole.sort_unstable();
            let end = whole.iter().fold(0, |end, &(offset, bytes)| {
                assert!(offset >= end, "{superslabs} superslabs: parts overlap");
                offset + bytes
            });
            assert!(end <= plan.bytes);
            let used: usize = whole.iter().map(|part| part.1).sum();
            let waste = if superslabs < LARGE_ZONE { 0 } else { SUPERSLAB_BYTES - 1 };
            assert!(plan.bytes - used <= waste, "{superslabs} superslabs waste {}", plan.bytes - used);
        }
    }
}

#[test]
fn what_a_zone_starts_with_ascends_and_is_whole() {
    for page in PAGES {
        for superslabs in [1, 4, 64, LARGE_ZONE, 1 << 19] {
            let plan = Plan::new(superslabs, page);
            for first in [0, FIRST_STEP.min(superslabs)] {
                let parts = plan.parts(first);
                let end = parts.iter().fold(0, |end, &(offset, bytes)| {
                    assert!(offset >= end && offset.is_multiple_of(page) && bytes.is_multiple_of(page));
                    offset + bytes
                });
                assert!(end <= plan.bytes);
                let bytes: usize = parts.iter().map(|part| part.1).sum();
                let each = SUPERSLAB_BYTES + LIVE_MAP_BYTES + (1 << META_SHIFT);
                assert_eq!(bytes, first * each + plan.index_bytes);
            }
        }
    }
}
