//! Heaps over regions.

use std::alloc::Layout;
use std::mem::MaybeUninit;

use allocator_api2::alloc::Allocator;
use hakmem_core::region::{
    Bounded, Capabilities, FreshLock, Heap, Placement, Profile, RegionError, Several, Slabs, Spin, Tiny,
};

use crate::arguments::{Canaries, addresses, layouts};

const BYTES: usize = 64 << 10;

fn region(bytes: usize) -> &'static mut [MaybeUninit<u8>] {
    Box::leak(vec![MaybeUninit::new(0xA5); bytes].into_boxed_slice())
}

/// Every safe function of a profile that has no region.
fn bare<P: Profile>() {
    let mut profile = P::EMPTY;
    for layout in layouts() {
        assert!(profile.take(layout).is_null());
        for pointer in addresses(std::ptr::null_mut()) {
            assert!(profile.take_moved(layout, pointer).is_null());
            profile.footprint(pointer, layout);
        }
    }
    let _ = (profile.has_room(), profile.capacity(), profile.overhead(), P::LEAST_BYTES, P::MOST_BYTES);
    profile.holes(&mut |bytes| panic!("a hole of {bytes} bytes in nothing"));
    profile.audit().expect("nothing is whole");
}

/// Every safe function of a heap.
fn heap<P: Profile>() {
    bare::<P>();
    for bytes in [0, 1, 7, 8, 100, 1 << 10, BYTES, BYTES + 3] {
        let canaries = Canaries::new();
        let heap: Heap<P, Spin> = Heap::default();
        let _ = heap.init_with(region(bytes));
        let again = heap.init_with(region(bytes));
        assert!(again.is_err() || heap.stats().capacity > 0);
        heap.on_fault(|fault| panic!("{fault}"));
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for layout in layouts() {
            let block = heap.take(layout);
            if !block.is_null() {
                assert!(block.addr().is_multiple_of(layout.align()));
                taken.push((block.addr(), layout.size()));
            }
            for pointer in addresses(block) {
                heap.usable(pointer, layout);
            }
            if let Ok(block) = (&heap).allocate(layout) {
                taken.push((block.addr().get(), layout.size()));
            }
            let _ = (&heap).allocate_zeroed(layout);
        }
        taken.retain(|block| block.1 > 0);
        taken.sort_unstable();
        assert!(taken.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "{taken:x?} overlap");
        let moved = heap;
        assert!(!moved.stats().to_string().is_empty());
        moved.audit().expect("every invariant holds");
        canaries.are_whole();
    }
}

#[test]
fn a_tiny_heap() {
    heap::<Tiny>();
}

#[test]
fn a_bounded_heap() {
    heap::<Bounded>();
}

#[test]
fn a_heap_of_slabs() {
    heap::<Slabs>();
}

#[test]
fn a_heap_of_several_regions() {
    heap::<Several<1, Bounded>>();
    heap::<Several<3, Slabs>>();
    heap::<Several<0, Tiny>>();
    let heap: Heap<Several<2, Tiny>, Spin> = Heap::with_lock(Spin::FRESH);
    heap.init_with(region(BYTES)).expect("a region");
    for bits in [0, 1, 4, 15, u8::MAX] {
        let [needs, prefers] = [bits, !bits].map(Capabilities::from_bits_retain);
        for layout in layouts() {
            heap.take_in(layout, Placement { needs, prefers });
            heap.take_in(layout, Placement::ANYWHERE);
        }
    }
    heap.audit().expect("every invariant holds");
}

#[test]
fn a_region_is_taken_once() {
    let heap: Heap<Tiny, Spin> = Heap::empty();
    heap.init_with(region(BYTES)).expect("a region");
    assert_eq!(heap.init_with(region(BYTES)), Err(RegionError::Taken));
    assert!(!heap.take(Layout::new::<u64>()).is_null());
    assert!(!RegionError::Wraps.words().is_empty() && !RegionError::Wraps.to_string().is_empty());
}
