//! Blocks that change their size: in place where they can, with their contents always; and calloc's
//! knowledge of what is zero.

#![allow(unsafe_code, reason = "writes and reads blocks")]

use hakmem_core::{Allocator, Off, PageProvider, Settings};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow, Region};
use hakmem_tests::scene::{give_fast, give_slow, new_front, resize};

const SLAB: usize = 32 << 10;

fn linux() -> Narrow<Faulty<LinuxPages>> {
    Narrow::new(Faulty::new(LinuxPages::new()), 64 << 20, usize::MAX)
}

fn fill(block: *mut u8, bytes: usize, byte: u8) {
    // SAFETY: callers pass a live block that is that long.
    unsafe { block.write_bytes(byte, bytes) };
}

fn all(block: *mut u8, bytes: usize, byte: u8) -> bool {
    // SAFETY: callers pass a live block that is that long, written or zero.
    unsafe { core::slice::from_raw_parts(block, bytes) }.iter().all(|&found| found == byte)
}

#[test]
fn an_extent_grows_and_shrinks_where_it_stands() {
    let (allocator, front) = (Allocator::new(linux()), new_front());
    // So that the trim at the end finds all of it.
    allocator.configure(&front, &Settings::new().with(|settings| settings.off = Off::SURPLUS));
    let extent = allocator.take_slow(&front, 4 * SLAB);
    fill(extent, 4 * SLAB, 7);
    let grown = resize(&allocator, &front, extent, 10 * SLAB).expect("live");
    assert_eq!(grown, extent, "what follows is free: no reason to move");
    assert_eq!(allocator.usable(extent), Ok(10 * SLAB));
    assert!(all(extent, 4 * SLAB, 7));
    fill(extent, 10 * SLAB, 8);
    let shextentk = resize(&allocator, &front, extent, 4 * SLAB).expect("live");
    assert_eq!((shextentk, allocator.usable(extent)), (extent, Ok(4 * SLAB)));
    let next = allocator.take_slow(&front, 6 * SLAB);
    assert_eq!(next, extent.wrapping_add(4 * SLAB), "what was cut off is free");
    let moved = resize(&allocator, &front, extent, 10 * SLAB).expect("live");
    assert_ne!(moved, extent, "what follows is taken");
    assert!(all(moved, 4 * SLAB, 8));
    for block in [moved, next] {
        give_slow(&allocator, &front, block).expect("live");
    }
    assert_eq!(allocator.trim(&front), 20 * SLAB, "all that was touched goes back");
    // SAFETY: one thread.
    unsafe { allocator.audit() }.expect("every invariant holds");
}

#[test]
fn a_mapping_grows_by_remap_without_a_copy() {
    let (allocator, front) = (Allocator::new(linux()), new_front());
    let faulty = allocator.provider().below();
    let block = allocator.take_slow(&front, 4 << 20);
    fill(block, 4 << 20, 9);
    let calls = faulty.calls();
    let grown = resize(&allocator, &front, block, 64 << 20).expect("live");
    assert_eq!(faulty.calls(), calls + 1, "one remap and nothing else");
    assert!(all(grown, 4 << 20, 9) && all(grown.wrapping_add(4 << 20), 60 << 20, 0));
    let shrunk = resize(&allocator, &front, grown, 2 << 20).expect("live");
    assert_eq!(allocator.usable(shrunk), Ok(2 << 20));
    assert!(all(shrunk, 2 << 20, 9));
    give_slow(&allocator, &front, shrunk).expect("live");
    // SAFETY: one thread.
    assert_eq!(unsafe { allocator.audit() }.expect("every invariant holds").live_blocks, 0);
}

#[test]
fn a_mapping_is_copied_where_remap_is_refused() {
    let (allocator, front) = (Allocator::new(linux()), new_front());
    let faulty = allocator.provider().below();
    let block = allocator.take_slow(&front, 2 << 20);
    fill(block, 2 << 20, 3);
    faulty.refuse_once(1);
    let grown = resize(&allocator, &front, block, 6 << 20).expect("live");
    assert!(all(grown, 2 << 20, 3));
    faulty.refuse_from(1);
    assert!(resize(&allocator, &front, grown, 60 << 20).expect("live").is_null());
    assert!(all(grown, 2 << 20, 3), "after a refusal the old block is as it was");
    assert_eq!(resize(&allocator, &front, grown, 2 << 20), Ok(grown), "a block that is to shrink can stay");
    faulty.serve();
    give_slow(&allocator, &front, grown).expect("live");
    // SAFETY: one thread.
    assert_eq!(unsafe { allocator.audit() }.expect("every invariant holds").live_blocks, 0);
}

#[test]
fn every_pair_of_sizes_keeps_the_contents() {
    let sizes: Vec<u32> = (0..=40).map(|step| (1.45f64.powi(step)) as u32).chain([1 << 20, (1 << 20) + 1]).collect();
    let resizes = |driver: &mut Driver<'_, _>| {
        for &from in &sizes {
            for &to in &sizes {
                driver.run(&[Action::Take { slot: 1, bytes: from }, Action::Resize { slot: 1, bytes: to }]);
            }
        }
    };
    let allocator = Allocator::new(linux());
    let mut driver = Driver::new(&allocator);
    resizes(&mut driver);
    driver.finish();
}

fn calloc_after_dirty_reuse<P: PageProvider>(provider: P, prepare: impl Fn(&P)) {
    let (allocator, front) = (Allocator::new(provider), new_front());
    let sizes = [8, 40, 1024, 1500, 4096, 40_000, 262_144, 300_000, 1 << 20, (1 << 20) + 1, 3 << 20];
    for round in 0..4 {
        for &bytes in &sizes {
            let blocks: Vec<_> = (0..6).map(|_| allocator.take_zeroed(&front, bytes)).collect();
            for &block in &blocks {
                assert!(all(block, bytes, 0), "round {round}: {bytes} bytes do not read as zero");
                fill(block, allocator.usable(block).expect("live"), 0xFF);
            }
            for block in blocks {
                if !give_fast(&allocator, &front, block) {
                    give_slow(&allocator, &front, block).expect("live");
                }
            }
        }
        prepare(allocator.provider());
        if round % 2 == 1 {
            allocator.trim(&front);
        }
    }
}

#[test]
fn calloc_clears_what_was_used_before() {
    calloc_after_dirty_reuse(linux(), |_| {});
    calloc_after_dirty_reuse(Region::new(64, 16 << 20), |_| {});
}

#[test]
fn kept_memory_is_not_taken_for_zero() {
    calloc_after_dirty_reuse(linux(), |pages| pages.below().keep(true));
}
