//! Misuse is named, and changes nothing.

#![allow(unsafe_code, reason = "gives back what is not out")]

use core::alloc::{GlobalAlloc, Layout};
use std::panic::catch_unwind;

use hakmem_core::FaultKind::{self, DoubleFree, Foreign, InnerPointer};
use hakmem_core::region::{Bounded, Heap, Profile, Slabs, Spin, Tiny};
use hakmem_tests::ground::Ground;

const BYTES: usize = 1_024;

fn with_heap<P: Profile>(test: impl FnOnce(&Heap<P, Spin>, *mut u8)) {
    let mut ground = Ground::new(BYTES, 0);
    let heap = Heap::empty();
    // SAFETY: `ground` lives as long as the heap.
    unsafe { heap.init(ground.start(), BYTES) }.expect("a region that is right");
    test(&heap, ground.start());
    heap.audit().expect("every invariant holds");
    ground.check_margins();
}

const fn layout(bytes: usize) -> Layout {
    match Layout::from_size_align(bytes, 8) {
        Ok(layout) => layout,
        Err(_) => panic!("a small size"),
    }
}

/// Frees every second of many blocks twice, at once and after others were freed.
fn double_frees<P: Profile>(bytes: usize) {
    with_heap::<P>(|heap, _| {
        let layout = layout(bytes);
        let blocks: Vec<*mut u8> = (0..5).map(|_| heap.take(layout)).collect();
        assert!(blocks.iter().all(|block| !block.is_null()), "{bytes} bytes, five times");
        let mut given = Vec::new();
        for &block in blocks.iter().step_by(2).chain(blocks.iter().skip(1).step_by(2)) {
            // SAFETY: live.
            unsafe { heap.give(block, layout) }.expect("a live block");
            given.push(block);
            for &block in &given {
                let free = heap.stats();
                // SAFETY: refused, which is what is tested.
                let again = unsafe { heap.give(block, layout) };
                assert_eq!(again, Err(FaultKind::DoubleFree), "{bytes} bytes, {} freed", given.len());
                // SAFETY: as above.
                let resized = unsafe { heap.resize(block, layout, 2 * bytes) };
                assert_eq!(resized, Err(FaultKind::DoubleFree), "{bytes} bytes, {} freed", given.len());
                assert_eq!(heap.stats(), free, "a refused call changes nothing");
            }
        }
        assert_eq!(heap.stats().used, 0);
    });
}

#[test]
fn a_double_free_is_named_in_whatever_order() {
    for bytes in [1, 8, 16, 17, 32, 48, 100] {
        double_frees::<Tiny>(bytes);
        double_frees::<Bounded>(bytes);
        double_frees::<Slabs>(bytes);
    }
}

fn foreign<P: Profile>() {
    with_heap::<P>(|heap, start| {
        let block = heap.take(layout(64));
        let pointers = [
            (start.wrapping_sub(16), "before"),
            (start.wrapping_add(BYTES), "behind"),
            (core::ptr::null_mut(), "null"),
            (core::ptr::without_provenance_mut(usize::MAX & !15), "the last address"),
            (block.wrapping_add(1), "misaligned"),
            (block.wrapping_add(4), "misaligned"),
        ];
        for (pointer, words) in pointers {
            // SAFETY: refused, which is what is tested.
            let answer = unsafe { heap.give(pointer, layout(64)) };
            assert!(matches!(answer, Err(Foreign | DoubleFree | InnerPointer)), "{words}: {answer:?}");
        }
        // SAFETY: live.
        unsafe { heap.give(block, layout(64)) }.expect("a live block");
    });
}

#[test]
fn a_pointer_that_is_not_ours_is_named() {
    foreign::<Tiny>();
    foreign::<Bounded>();
    foreign::<Slabs>();
}

fn too_large<P: Profile>() {
    with_heap::<P>(|heap, _| {
        let block = heap.take(layout(64));
        // SAFETY: refused, which is what is tested.
        assert_eq!(unsafe { heap.give(block, layout(4 * BYTES)) }, Err(FaultKind::Foreign));
        // SAFETY: live.
        unsafe { heap.give(block, layout(64)) }.expect("a live block");
    });
}

#[test]
fn a_size_beyond_the_region_is_named() {
    too_large::<Tiny>();
    too_large::<Bounded>();
}

#[test]
fn a_size_that_is_not_the_blocks_is_seen_by_its_ends() {
    with_heap::<Bounded>(|heap, _| {
        let (first, second) = (heap.take(layout(64)), heap.take(layout(64)));
        for wrong in [32, 48, 100, 200] {
            // SAFETY: refused, which is what is tested.
            assert_eq!(unsafe { heap.give(first, layout(wrong)) }, Err(FaultKind::WrongSize), "{wrong} bytes");
        }
        // SAFETY: live.
        unsafe { heap.give(second, layout(64)) }.expect("a live block");
        // SAFETY: as above.
        unsafe { heap.give(first, layout(64)) }.expect("a live block");
    });
}

fn hook<P: Profile>() {
    let seen = catch_unwind(|| {
        with_heap::<P>(|heap, _| {
            heap.on_fault(|fault| std::panic::panic_any(fault.to_string()));
            let block = heap.take(layout(24));
            // SAFETY: the second one ends in the hook.
            unsafe {
                heap.dealloc(block, layout(24));
                heap.dealloc(block, layout(24));
            }
        });
    });
    let words = *seen.expect_err("the hook was called").downcast::<String>().expect("its words");
    assert!(words.starts_with("double free of 0x"), "{words}");
}

#[test]
fn the_hook_hears_of_it() {
    hook::<Tiny>();
    hook::<Bounded>();
    hook::<Slabs>();
}
