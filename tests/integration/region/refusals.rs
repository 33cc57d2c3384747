//! Regions and requests that are refused.

#![allow(unsafe_code, reason = "offers regions that are wrong")]

use core::alloc::Layout;

use hakmem_core::region::{Bounded, Heap, Profile, RegionError, Slabs, Spin, Tiny};
use hakmem_tests::ground::Ground;

fn layout(bytes: usize, align: usize) -> Layout {
    Layout::from_size_align(bytes, align).expect("a right layout")
}

fn regions<P: Profile>() {
    let mut ground = Ground::new(4_096, 0);
    let start = ground.start();
    let heap: Heap<P, Spin> = Heap::empty();
    assert!(heap.take(layout(1, 1)).is_null(), "without a region there is nothing");
    let wrong = [
        (core::ptr::null_mut(), 4_096, RegionError::AtZero),
        (start.wrapping_add(1), 4_000, RegionError::Unaligned),
        (start.wrapping_add(4), 4_000, RegionError::Unaligned),
        (start, 0, RegionError::TooSmall),
        (start, 7, RegionError::TooSmall),
        (core::ptr::without_provenance_mut(usize::MAX - 4_095), 4_096, RegionError::Wraps),
        (core::ptr::without_provenance_mut(usize::MAX & !7), 4_096, RegionError::Wraps),
        (start, P::MOST_BYTES + 1, RegionError::TooLarge),
    ];
    for (start, bytes, error) in wrong {
        // SAFETY: refused before it is touched, which is what is tested.
        assert_eq!(unsafe { heap.init(start, bytes) }, Err(error), "{start:p}, {bytes} bytes");
        assert!(heap.take(layout(1, 1)).is_null(), "nor with one that was refused");
    }
    // SAFETY: `ground` lives as long as the heap.
    unsafe { heap.init(start, 4_096) }.expect("a region that is right");
    // SAFETY: refused.
    assert_eq!(unsafe { heap.init(start, 4_096) }, Err(RegionError::Taken));
    let block = heap.take(layout(100, 8));
    // SAFETY: refused; and the block lives on.
    assert_eq!(unsafe { heap.init(start, 4_096) }, Err(RegionError::Taken));
    // SAFETY: live.
    unsafe { heap.give(block, layout(100, 8)) }.expect("a live block");
}

#[test]
fn a_wrong_region_is_refused_with_its_error() {
    regions::<Tiny>();
    regions::<Bounded>();
    regions::<Slabs>();
}

fn requests<P: Profile>() {
    let mut ground = Ground::new(4_096, 0);
    let heap: Heap<P, Spin> = Heap::empty();
    // SAFETY: `ground` lives as long as the heap.
    unsafe { heap.init(ground.start(), 4_096) }.expect("a region that is right");
    let most = isize::MAX as usize;
    let before = heap.stats();
    let requests = [(4_097, 1), (most, 1), (most - 7, 8), (1, 1 << 62), (8_192, 4_096), (1 << 33, 8)];
    for (bytes, align) in requests {
        assert!(heap.take(layout(bytes, align)).is_null(), "{bytes} bytes at {align}");
    }
    assert!(heap.take(layout(0, 8)).is_null(), "nothing");
    let stats = heap.stats();
    assert_eq!(stats.failed, Some(requests.len()));
    assert_eq!((stats.used, stats.holes, stats.largest), (before.used, before.holes, before.largest));
    ground.check_margins();
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    requests::<Tiny>();
    requests::<Bounded>();
    requests::<Slabs>();
}

#[test]
fn the_largest_region_can_be_had_whole() {
    fn whole<P: Profile>() {
        let mut ground = Ground::new(P::MOST_BYTES, 0);
        let heap: Heap<P, Spin> = Heap::empty();
        // SAFETY: `ground` lives as long as the heap.
        unsafe { heap.init(ground.start(), P::MOST_BYTES) }.expect("a region that is right");
        let all = layout(heap.stats().capacity, 8);
        let block = heap.take(all);
        assert!(!block.is_null());
        // SAFETY: live.
        unsafe { heap.give(block, all) }.expect("a live block");
        heap.audit().expect("every invariant holds");
    }
    whole::<Tiny>();
    whole::<Bounded>();
    whole::<Slabs>();
    whole::<Slabs<4096>>();
}
