use super::{LARGE_ZONE, Plan};
use crate::config::geometry::{META_SHIFT, SUPERSLAB_BYTES};
use crate::config::map::Map;
use crate::policy::growth::FIRST_STEP;

const PAGES: [usize; 2] = [4096, 65536];

#[test]
fn parts_of_a_zone_lie_apart_and_within() {
    for (page, tiny) in PAGES.into_iter().flat_map(|page| [(page, false), (page, true)]) {
        for superslabs in [1, 2, 3, 63, 64, 65, LARGE_ZONE - 1, LARGE_ZONE, LARGE_ZONE + 1, 1 << 16, 1 << 19] {
            let plan = Plan::new(superslabs, page, tiny);
            assert!(plan.base.is_multiple_of(SUPERSLAB_BYTES) && plan.bytes.is_multiple_of(page));
            let mut whole = std::vec![
                (plan.base, superslabs * SUPERSLAB_BYTES),
                (plan.meta_end - (superslabs << META_SHIFT), superslabs << META_SHIFT),
                (plan.meta_end, plan.index_bytes),
            ];
            let part = |map: Map| (plan.maps[map as usize], map.part_bytes(superslabs, page));
            let there = || Map::ALL.into_iter().filter(|&map| tiny || map != Map::Tiny);
            whole.extend(there().map(part));
            assert_eq!(plan.maps().iter().flatten().count(), there().count());
            for map in there() {
                let ((offset, bytes), start) = (part(map), plan.maps()[map as usize].expect("it is there"));
                assert!(start + superslabs * map.superslab_bytes() <= offset + bytes, "{map:?} has all its bytes");
            }
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
    for (page, tiny) in PAGES.into_iter().flat_map(|page| [(page, false), (page, true)]) {
        for superslabs in [1, 4, 64, LARGE_ZONE, 1 << 19] {
            let plan = Plan::new(superslabs, page, tiny);
            for (first, asked) in
                [0, FIRST_STEP.min(superslabs)].into_iter().flat_map(|first| [(first, false), (first, true)])
            {
                let parts = plan.parts(first, asked);
                let end = parts.iter().fold(0, |end, &(offset, bytes)| {
                    assert!(offset >= end && offset.is_multiple_of(page) && bytes.is_multiple_of(page));
                    offset + bytes
                });
                assert!(end <= plan.bytes);
                let bytes: usize = parts.iter().map(|part| part.1).sum();
                let maps: usize = Map::ALL
                    .into_iter()
                    .filter(|&map| (tiny && asked) || map != Map::Tiny)
                    .map(|map| map.part_bytes(first, page))
                    .sum();
                assert_eq!(bytes, first * (SUPERSLAB_BYTES + (1 << META_SHIFT)) + maps + plan.index_bytes);
            }
        }
    }
}
