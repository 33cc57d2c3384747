//! Pages of 4, 16 and 64 KiB: the last are two slabs long, so what goes back is not what was freed.

#![allow(unsafe_code, reason = "reads and writes blocks; audits")]

use hakmem_core::{Allocator, Front, Off, PageProvider, Settings};
use hakmem_tests::providers::{Clocked, Coarse, Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give, new_front, resize, take};

type Pages = Clocked<Faulty<Coarse<Narrow<LinuxPages>>>>;

const SLAB: usize = 32 << 10;

/// Lengths of pages, none shorter than the system's.
fn sizes() -> impl Iterator<Item = usize> {
    [4 << 10, 16 << 10, 64 << 10].into_iter().filter(|&page| page >= LinuxPages::new().page_bytes())
}

fn allocator(page: usize) -> Allocator<Pages> {
    let narrow = Narrow::new(LinuxPages::new(), 64 << 20, usize::MAX);
    Allocator::new(Clocked::new(Faulty::new(Coarse::new(narrow, page))))
}

/// Zeroed blocks of so many slabs: each byte is looked at, and then is no zero any more.
fn take_zeroed(allocator: &Allocator<Pages>, front: &Front, slabs: usize, count: usize) -> Vec<*mut u8> {
    let taken = (0..count).map(|_| {
        let bytes = slabs * SLAB - 100;
        let block = allocator.take_zeroed(front, bytes);
        assert!(!block.is_null());
        // SAFETY: handed out just now, and that long.
        let bytes = unsafe { core::slice::from_raw_parts_mut(block, bytes) };
        assert!(bytes.iter().all(|&byte| byte == 0), "a block of {slabs} slabs is not zero");
        bytes.fill(0xEE);
        block
    });
    taken.collect()
}

/// A run of slabs was given back whose first or last page it shared with a slab in use: that page stays, and the slab
/// that is half of it was still called clean. `calloc` then handed out what had been freed.
#[test]
fn what_could_not_go_back_is_not_taken_for_zero() {
    for page in sizes() {
        let (allocator, front) = (allocator(page), new_front());
        allocator.configure(
            &front,
            &Settings::new().with(|settings| settings.off = Off::RESERVE | Off::SURPLUS | Off::PACKING),
        );
        for slabs in [3, 5, 9, 3] {
            let blocks = take_zeroed(&allocator, &front, slabs, 40);
            for (number, &block) in blocks.iter().enumerate() {
                if number % 2 == 0 {
                    give(&allocator, &front, block);
                }
            }
            allocator.trim(&front);
            let again = take_zeroed(&allocator, &front, 3, 20);
            let odd = blocks.iter().enumerate().filter(|(number, _)| number % 2 == 1).map(|(_, &block)| block);
            odd.chain(again).for_each(|block| give(&allocator, &front, block));
            allocator.trim(&front);
        }
        // SAFETY: one real thread.
        unsafe { allocator.audit() }.expect("every invariant holds");
    }
}

#[test]
fn all_goes_back_when_all_is_free() {
    for page in sizes() {
        let (allocator, front) = (allocator(page), new_front());
        for bytes in [16, 100, 1000, 9000, 40_000, 300_000] {
            let blocks: Vec<_> = (0..4_000_000 / bytes).map(|_| take(&allocator, &front, bytes)).collect();
            blocks.into_iter().for_each(|block| give(&allocator, &front, block));
            allocator.trim(&front);
            let stats = allocator.stats();
            assert!(stats.cached == 0 && stats.active <= 64 << 10, "pages of {page}, blocks of {bytes}: {stats:?}");
        }
    }
}

#[test]
fn memory_is_warm_in_whole_pages() {
    for page in sizes() {
        let (allocator, front) = (allocator(page), new_front());
        for bytes in [SLAB, 1 << 20, 5 << 20] {
            assert!(allocator.prewarm(&front, bytes) >= bytes, "pages of {page}");
            assert!(allocator.stats().cached >= bytes as u64);
        }
        let blocks = take_zeroed(&allocator, &front, 7, 30);
        blocks.into_iter().for_each(|block| give(&allocator, &front, block));
    }
}

#[test]
fn large_blocks_are_whole_pages() {
    for page in sizes() {
        let (allocator, front) = (allocator(page), new_front());
        for bytes in [(1 << 20) + 1, 3_000_000, 70 << 20] {
            let block = take(&allocator, &front, bytes);
            let usable = allocator.usable(block).expect("a live block has a size");
            assert!(usable >= bytes && usable.is_multiple_of(page), "{usable} bytes in pages of {page}");
            let block = resize(&allocator, &front, block, bytes * 2).expect("live");
            give(&allocator, &front, block);
            let aligned = allocator.take_aligned(&front, bytes, 8 << 20);
            assert!(aligned.addr().is_multiple_of(8 << 20));
            give(&allocator, &front, aligned);
        }
    }
}
