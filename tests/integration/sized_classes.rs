//! Sized frees are taken on trust, so both sides must reckon the same class for a layout.

#![allow(unsafe_code, reason = "calls GlobalAlloc by hand")]

use std::alloc::{GlobalAlloc, Layout};

use hakmem_alloc::Hakmem;
use hakmem_alloc::seam::ALLOCATOR;
use hakmem_core::seam::{SMALL_MAX, SizeClass};

fn layouts() -> impl Iterator<Item = Layout> {
    let sizes = (1..=1200).chain([1500, 2048, 4096, 5000, 40_000, 262_144, 262_145, 1 << 20, (1 << 20) + 1, 3 << 20]);
    sizes.flat_map(|bytes| (0..=13).filter_map(move |shift| Layout::from_size_align(bytes, 1 << shift).ok()))
}

/// The class that a sized free of this layout puts the block into.
fn trusted(layout: Layout) -> Option<SizeClass> {
    if layout.size() > SMALL_MAX || layout.align() > 16 {
        return None;
    }
    let bytes = if layout.align() == 16 { layout.size().max(16) } else { layout.size() };
    Some(SizeClass::of(bytes)).filter(|class| class.has_magazine())
}

fn check(block: *mut u8, layout: Layout) {
    assert!(!block.is_null(), "{layout:?}");
    assert_eq!(block.addr() % layout.align(), 0, "{layout:?} at {block:p}");
    match trusted(layout) {
        // Such blocks are not in the live map: their slab says what they are.
        Some(class) => assert_eq!(ALLOCATOR.class_of(block), Some(class), "{layout:?}: not the class of its free"),
        None => {
            let usable = ALLOCATOR.usable(block).expect("a live block has a size");
            assert!(usable >= layout.size(), "{layout:?} in {usable} bytes");
        }
    }
}

fn fill(block: *mut u8, bytes: usize) {
    for at in (0..bytes).step_by(1 + bytes / 512) {
        // SAFETY: callers pass a live block that is that long.
        unsafe { block.add(at).write(at as u8 ^ 0xA5) };
    }
}

fn check_filled(block: *mut u8, bytes: usize, kept: usize) {
    for at in (0..bytes).step_by(1 + bytes / 512).take_while(|&at| at < kept) {
        // SAFETY: callers pass a live block that is that long.
        let found = unsafe { block.add(at).read() };
        assert_eq!(found, at as u8 ^ 0xA5, "byte {at} of {bytes}");
    }
}

#[test]
fn alloc_and_dealloc_choose_the_same_class() {
    for layout in layouts() {
        // SAFETY: no layout is empty; each block is given back once, with its layout.
        unsafe {
            let blocks = [Hakmem.alloc(layout), Hakmem.alloc_zeroed(layout), Hakmem.alloc(layout)];
            for block in blocks {
                check(block, layout);
            }
            let zeroed = core::slice::from_raw_parts(blocks[1], layout.size());
            assert!(zeroed.iter().all(|&byte| byte == 0), "{layout:?} does not read as zero");
            for block in blocks {
                fill(block, layout.size());
            }
            for block in blocks {
                Hakmem.dealloc(block, layout);
            }
        }
    }
}

#[test]
fn realloc_keeps_blocks_in_the_class_of_their_layout() {
    let sizes = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 256, 257, 288, 500, 513, 1000, 1024, 1025, 1100, 2000];
    let large = [5000, 40_000, 300_000, 1 << 20, (1 << 20) + 1, 3 << 20];
    let all: Vec<usize> = sizes.into_iter().chain(large).collect();
    for align in (0..=7).map(|shift| 1 << shift) {
        for &from in &all {
            for &to in &all {
                let old = Layout::from_size_align(from, align).expect("a valid layout");
                let new = Layout::from_size_align(to, align).expect("a valid layout");
                // SAFETY: no layout is empty; the block is given back once, with its last layout.
                unsafe {
                    let block = Hakmem.alloc(old);
                    check(block, old);
                    fill(block, from);
                    let block = Hakmem.realloc(block, old, to);
                    check(block, new);
                    check_filled(block, from, from.min(to));
                    Hakmem.dealloc(block, new);
                }
            }
        }
    }
}
