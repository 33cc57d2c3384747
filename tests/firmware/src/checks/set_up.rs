//! Regions that are none, a second one, several; and what a heap says of itself.

#![allow(unsafe_code, reason = "gives heaps their regions, and what is none")]

use alloc::format;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{null_mut, with_exposed_provenance_mut};

use hakmem_core::region::{Capabilities, Heap, Placement, Profile, RegionError, Several};

use super::subject::Subject;
use crate::arena;

const BYTES: usize = 512;

pub(super) fn refused<P: Profile>(_: Subject<P>) {
    arena::lend([(16, BYTES)], |[start]| {
        let heap = Heap::<P>::empty();
        let last = with_exposed_provenance_mut(usize::MAX - 7);
        let wrong = [
            (null_mut(), BYTES, RegionError::AtZero),
            (start.wrapping_add(1), BYTES - 8, RegionError::Unaligned),
            (start.wrapping_add(4), BYTES - 8, RegionError::Unaligned),
            (start, 0, RegionError::TooSmall),
            (start, 7, RegionError::TooSmall),
            (last, BYTES, RegionError::Wraps),
            (start, usize::MAX - 7, RegionError::Wraps),
            (start, P::MOST_BYTES + 8, RegionError::TooLarge),
        ];
        for (start, bytes, error) in wrong {
            // SAFETY: refused.
            let answer = unsafe { heap.init(start, bytes) };
            assert_eq!(answer, Err(error), "{bytes} bytes at {start:p}");
            assert!(heap.take(Layout::new::<u64>()).is_null(), "what was refused is not used");
        }
        // SAFETY: lent to it, for as long as it lives.
        assert_eq!(unsafe { heap.init(start, BYTES) }, Ok(()));
        assert!(!heap.take(Layout::new::<u64>()).is_null());
    });
}

pub(super) fn only_once<P: Profile>(program: Subject<P>) {
    arena::lend([(16, BYTES)], |[start]| {
        let before = program.stats();
        // SAFETY: refused.
        assert_eq!(unsafe { program.init(start, BYTES) }, Err(RegionError::Taken));
        assert_eq!(program.stats(), before, "what was refused changes nothing");
    });
    arena::lend([(0, BYTES)], |[start]| {
        let heap = Heap::<P>::empty();
        // SAFETY: lent to it, for as long as it lives; the second is refused.
        assert_eq!(unsafe { heap.init(start, BYTES / 2) }, Ok(()));
        // SAFETY: as above.
        assert_eq!(unsafe { heap.init(start.wrapping_add(BYTES / 2), BYTES / 2) }, Err(RegionError::Taken));
        assert!(heap.stats().capacity <= BYTES / 2);
    });
}

pub(super) fn several<P: Profile>(_: Subject<P>) {
    let parts = [(16, BYTES), (16 + BYTES, BYTES), (16 + 2 * BYTES, BYTES)];
    arena::lend(parts, |[first, second, third]| {
        let heap = Heap::<Several<2, P>>::empty();
        // SAFETY: lent to it, for as long as it lives, or refused.
        let add = |start, bytes, capabilities| unsafe { heap.add_region(start, bytes, capabilities) };
        assert_eq!(add(first, BYTES, Capabilities::EXTERNAL), Ok(()));
        assert_eq!(add(first.wrapping_add(BYTES - 8), BYTES, Capabilities::all()), Err(RegionError::Overlaps));
        assert_eq!(add(second, BYTES, Capabilities::INTERNAL | Capabilities::DMA), Ok(()));
        assert_eq!(add(third, BYTES, Capabilities::INTERNAL), Err(RegionError::TooMany));

        let layout = Layout::new::<[u64; 4]>();
        let place = |needs, prefers| heap.take_in(layout, Placement { needs, prefers });
        let is_in = |start: *mut u8, block: *mut u8| block.addr().wrapping_sub(start.addr()) < BYTES;
        assert!(is_in(first, heap.take(layout)), "the first one, where nothing is said");
        assert!(is_in(second, place(Capabilities::DMA, Capabilities::empty())));
        assert!(is_in(second, place(Capabilities::empty(), Capabilities::INTERNAL)));
        assert!(place(Capabilities::EXECUTABLE, Capabilities::empty()).is_null(), "no region can do that");
        while is_in(second, place(Capabilities::INTERNAL, Capabilities::empty())) {}
        assert!(is_in(first, place(Capabilities::empty(), Capabilities::INTERNAL)), "what is preferred is full");
        heap.audit().expect("every invariant holds");
    });
}

pub(super) fn figures<P: Profile>(_: Subject<P>) {
    arena::lend([(16, BYTES)], |[start]| {
        let heap = Heap::<P>::empty();
        assert_eq!((heap.stats().capacity, heap.stats().holes), (0, 0));
        // SAFETY: lent to it, for as long as it lives.
        unsafe { heap.init(start, BYTES) }.expect("the region is a good one");
        let fresh = heap.stats();
        assert_eq!((fresh.used, fresh.holes, fresh.largest), (0, 1, fresh.free));
        let layout = Layout::new::<[u64; 10]>();
        // SAFETY: each is given back once.
        unsafe {
            let (one, two) = (heap.alloc(layout), heap.alloc(layout));
            heap.dealloc(one, layout);
            let stats = heap.stats();
            assert_eq!((stats.used, stats.holes, stats.high_water), (80, 2, Some(160)), "{stats}");
            assert!(heap.alloc(Layout::new::<[u8; BYTES + 1]>()).is_null());
            heap.dealloc(two, layout);
        }
        let end = heap.stats();
        assert_eq!((end.free, end.failed), (fresh.free, Some(1)));
        let (capacity, overhead) = (end.capacity, end.overhead);
        let words = format!(
            "0 of {capacity} bytes used, {capacity} free in 1 holes, largest {capacity}, overhead {overhead}, \
             at most 160 used, 1 requests refused"
        );
        assert_eq!(format!("{end}"), words);
    });
}
