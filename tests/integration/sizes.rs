//! Every size and every alignment: place, room, contents, and back.

#![allow(unsafe_code, reason = "gives room back by hand")]

use hakmem_core::Allocator;
use hakmem_core::seam::Store;
use hakmem_tests::action::{ALIGN_SHIFT_MOST, Action};
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give_fast, give_slow, new_front, resize};

type Pages = Narrow<Faulty<LinuxPages>>;

fn allocator() -> Allocator<Pages> {
    Allocator::new(Narrow::new(Faulty::new(LinuxPages::new()), 1 << 30, usize::MAX))
}

#[test]
fn every_size_up_to_70_000_is_served() {
    let allocator = allocator();
    let mut driver = Driver::new(&allocator);
    for bytes in 0..=70_000u32 {
        let slot = (bytes % 64) as u8;
        let zeroed = bytes % 3 == 0;
        driver.step(if zeroed { Action::TakeZeroed { slot, bytes } } else { Action::Take { slot, bytes } });
        if bytes % 10_000 == 0 {
            driver.step(Action::Audit);
        }
    }
    driver.finish();
}

#[test]
fn every_size_is_served_downwards_with_each_block_at_once_given_back() {
    let allocator = allocator();
    let mut driver = Driver::new(&allocator);
    for bytes in (0..=70_000u32).rev() {
        driver.run(&[Action::Take { slot: 0, bytes }, Action::Give { slot: 0 }]);
    }
    driver.finish();
}

#[test]
fn every_alignment_is_kept() {
    let allocator = allocator();
    let mut driver = Driver::new(&allocator);
    let mut slot = 0u8;
    for align_shift in 0..=ALIGN_SHIFT_MOST {
        let align = 1u32 << align_shift;
        let near = [align / 2, align - 1, align, align + 1, align + align / 2, 2 * align];
        let small = (0..=1100).step_by(7);
        let large = [4096, 5000, 32_768, 33_000, 262_144, 262_145, 700_000, 1_048_576, 1_048_577, 2_500_000];
        for bytes in near.into_iter().chain(small).chain(large) {
            slot = (slot + 1) % 32;
            driver.step(Action::TakeAligned { slot, bytes, align_shift });
            if bytes % 5 == 0 {
                driver.step(Action::GiveRemote { slot });
            }
        }
        driver.step(Action::Audit);
    }
    driver.finish();
}

#[test]
fn the_waste_of_a_block_is_bounded() {
    let (allocator, front) = (allocator(), new_front());
    for bytes in (1..=70_000usize).chain((70_000..5 << 20).step_by(1009)) {
        let mut block = allocator.take(&front, bytes);
        if block.is_null() {
            block = allocator.take_slow(&front, bytes);
        }
        let usable = allocator.usable(block).expect("a live block has a size");
        // Runs come in whole slabs of 32 KiB, mappings in whole pages.
        let waste = usable - bytes;
        assert!(waste <= 15 || waste * 8 <= usable, "{bytes} bytes in a block of {usable}");
        if !give_fast(&allocator, &front, block) {
            give_slow(&allocator, &front, block).expect("a live block is taken back");
        }
    }
    allocator.end_thread(&front).expect("no block was freed twice");
}

#[test]
fn what_cannot_be_is_refused() {
    let (allocator, front) = (allocator(), new_front());
    for bytes in [usize::MAX, usize::MAX - 4095, isize::MAX as usize + 1, isize::MAX as usize, 1 << 62, 1 << 48] {
        assert!(allocator.take(&front, bytes).is_null());
        assert!(allocator.take_slow(&front, bytes).is_null(), "{bytes}");
        assert!(allocator.take_zeroed(&front, bytes).is_null(), "{bytes}");
        for align_shift in [0, 4, 12, 21, 40, 62] {
            assert!(allocator.take_aligned(&front, bytes, 1 << align_shift).is_null(), "{bytes} at 1 << {align_shift}");
        }
    }
    for align_shift in [48, 60, 62, 63] {
        for bytes in [0, 1, 100, 5000, 2 << 20] {
            assert!(allocator.take_aligned(&front, bytes, 1 << align_shift).is_null(), "{bytes} at 1 << {align_shift}");
        }
    }
    let block = allocator.take_slow(&front, 100);
    for bytes in [usize::MAX, isize::MAX as usize + 1, 1 << 62] {
        assert_eq!(resize(&allocator, &front, block, bytes), Ok(core::ptr::null_mut()));
    }
    assert_eq!(allocator.usable(block), Ok(112));
    assert_eq!(allocator.usable(core::ptr::null_mut()), Ok(0));
    assert_eq!(give_slow(&allocator, &front, core::ptr::null_mut()), Ok(()));
}

#[test]
fn there_may_be_more_large_blocks_than_the_first_tables_hold() {
    let (allocator, front) = (allocator(), new_front());
    // 69 GB of addresses, never touched.
    let blocks: Vec<_> = (0..66_000).map(|_| allocator.take_slow(&front, (1 << 20) + 1)).collect();
    let refused = blocks.iter().filter(|block| block.is_null()).count();
    assert_eq!(refused, 0, "of {}", blocks.len());
    for block in blocks {
        give_slow(&allocator, &front, block).expect("a live block is taken back");
    }
    assert_eq!(allocator.stats().large, 0);
}

#[test]
fn room_for_a_large_table_is_not_a_freed_magazine() {
    // SAFETY: below.
    let (pages, store) = (LinuxPages::new(), unsafe { Store::new() });
    let magazine = store.take(&pages, 128).expect("the system has memory");
    // SAFETY: taken with this size just now.
    unsafe { store.give(&pages, magazine, 128) };
    // The table of 131,072 large blocks.
    let table = store.take(&pages, 8 << 20);
    assert_ne!(table, Some(magazine), "8 MiB in 128 bytes");
}
