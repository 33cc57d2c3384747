//! Several regions: who gets what.

#![allow(unsafe_code, reason = "gives regions away")]

use core::alloc::{GlobalAlloc, Layout};

use hakmem_core::FaultKind;
use hakmem_core::region::{Bounded, Capabilities, Heap, Placement, Profile, RegionError, Several, Slabs, Spin, Tiny};
use hakmem_tests::ground::Ground;

const BYTES: usize = 2_048;

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a right layout")
}

fn placed<P: Profile>() {
    let (mut inside, mut outside) = (Ground::new(BYTES, 0), Ground::new(4 * BYTES, 8));
    let (near, far) = (inside.start(), outside.start());
    let heap: Heap<Several<2, P>, Spin> = Heap::empty();
    // SAFETY: both live as long as the heap; those that are refused are not touched.
    unsafe {
        heap.add_region(near, BYTES, Capabilities::INTERNAL | Capabilities::DMA).expect("a right region");
        assert_eq!(heap.add_region(near.wrapping_add(8), 64, Capabilities::DMA), Err(RegionError::Overlaps));
        heap.add_region(far, 4 * BYTES, Capabilities::EXTERNAL).expect("a right region");
        assert_eq!(heap.add_region(near, BYTES, Capabilities::DMA), Err(RegionError::TooMany));
    }
    let is_near = |block: *mut u8| block.addr().wrapping_sub(near.addr()) < BYTES;
    let small = layout(100);

    let wish = |needs, prefers| Placement { needs, prefers };
    let none = Capabilities::empty();
    let outer = heap.take_in(small, wish(none, Capabilities::EXTERNAL));
    assert!(!outer.is_null() && !is_near(outer), "preferred");
    let dma = heap.take_in(layout(BYTES / 2), wish(Capabilities::DMA, Capabilities::EXTERNAL));
    assert!(is_near(dma), "what is needed goes before what is preferred");
    assert!(heap.take_in(layout(BYTES), wish(Capabilities::DMA, none)).is_null(), "needed, and full");
    assert!(heap.take_in(small, wish(Capabilities::EXECUTABLE, none)).is_null(), "nobody has it");
    let spilled = heap.take(layout(BYTES));
    assert!(!spilled.is_null() && !is_near(spilled), "the next region with room");

    // SAFETY: live; a block that a DMA engine reaches is not moved to where it does not.
    unsafe {
        assert!(heap.realloc(dma, layout(BYTES / 2), 2 * BYTES).is_null());
        let moved = heap.realloc(spilled, layout(BYTES), 3 * BYTES);
        assert!(!moved.is_null() && !is_near(moved));
        heap.give(moved, layout(3 * BYTES)).expect("a live block");
        heap.give(outer, small).expect("a live block");
        heap.give(dma, layout(BYTES / 2)).expect("a live block");
        assert_eq!(heap.give(dma, layout(BYTES / 2)), Err(FaultKind::DoubleFree));
        assert_eq!(heap.give(core::ptr::without_provenance_mut(64), small), Err(FaultKind::Foreign));
    }
    heap.audit().expect("every invariant holds");
    let stats = heap.stats();
    assert_eq!((stats.used, stats.holes), (0, 2), "{stats}");
    inside.check_margins();
    outside.check_margins();
}

#[test]
fn blocks_go_where_they_are_wanted() {
    placed::<Tiny>();
    placed::<Bounded>();
    placed::<Slabs>();
}
