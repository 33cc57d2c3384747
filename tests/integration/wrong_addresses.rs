//! Whatever address is given back that is no live block's start, it is named at the call, whichever class is there.

use std::collections::BTreeSet;

use hakmem_core::{FaultKind, Off, Settings};
use hakmem_tests::scene::Scene;
use proptest::prelude::*;

/// Bytes around a block in which addresses are tried.
const AROUND: usize = 48 << 10;

/// A size of every class, and a few beyond.
fn sizes() -> Vec<usize> {
    let small = (1..=1024).step_by(16);
    let fine = (1025..=8192).step_by(257);
    let rooms = [9_000, 12_000, 16_384, 20_000, 32_768, 60_000, 131_072, 262_144];
    let runs = [300_000, 1 << 20];
    small.chain(fine).chain(rooms).chain(runs).collect()
}

/// Tries an address by both threads: a fault, and no class of fault that says that it was a block's start.
fn expect_fault(scene: &Scene, live: &BTreeSet<usize>, block: *mut u8, offset: isize) {
    let pointer = block.wrapping_offset(offset);
    if live.contains(&pointer.addr()) {
        return;
    }
    for front in [&scene.one, &scene.two] {
        let fault = scene.try_give(front, pointer).err();
        let fault = fault.unwrap_or_else(|| panic!("{offset} behind {block:p}, no live block, was taken back"));
        assert_eq!(fault.address, pointer.addr(), "{fault}");
        let is_odd = !pointer.addr().is_multiple_of(8);
        let named = [
            FaultKind::InnerPointer,
            FaultKind::Misaligned,
            FaultKind::DoubleFree,
            FaultKind::Stale,
            FaultKind::Foreign,
        ];
        assert!(named.contains(&fault.kind) && !(is_odd && fault.kind == FaultKind::DoubleFree), "{fault}");
    }
}

fn scene(off: Off) -> Scene {
    let scene = Scene::new(64 << 20);
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = off));
    scene
}

/// Every address near the blocks of one size, some of which were freed.
fn try_all_around(off: Off, bytes: usize) {
    let scene = scene(off);
    let blocks: Vec<_> = (0..8).map(|_| scene.take(bytes)).collect();
    let mut live: BTreeSet<_> = blocks.iter().map(|block| block.addr()).collect();
    for at in [1, 4, 5] {
        scene.give(blocks[at]);
        live.remove(&blocks[at].addr());
        expect_fault(&scene, &live, blocks[at], 0);
    }
    let before = scene.audit();
    let near = (bytes + 64).min(AROUND);
    // Every address at first, then odd and even ones.
    for offset in (0..near.min(1024)).chain((1024..near).step_by(7)) {
        expect_fault(&scene, &live, blocks[2], offset as isize);
        if offset <= 256 {
            expect_fault(&scene, &live, blocks[2], -(offset as isize));
        }
    }
    assert_eq!(scene.audit(), before, "nothing is changed");
    live.iter().for_each(|&address| scene.give(blocks[0].with_addr(address)));
    assert_eq!(scene.audit().live_blocks, 0);
}

#[test]
fn around_the_first_blocks_of_every_class() {
    sizes().into_iter().for_each(|bytes| try_all_around(Off::empty(), bytes));
}

#[test]
fn around_blocks_of_slabs_of_their_own() {
    sizes().into_iter().for_each(|bytes| try_all_around(Off::STARTERS, bytes));
}

#[test]
fn around_blocks_of_8_where_they_are_many() {
    let scene = scene(Off::empty());
    let blocks: Vec<_> = (0..200_000).map(|_| scene.take(8)).collect();
    let mut live: BTreeSet<_> = blocks.iter().map(|block| block.addr()).collect();
    let last = blocks[199_000];
    assert!(live.contains(&(last.addr() + 8)), "they stand side by side");
    for &block in blocks[198_000..].iter().step_by(3) {
        scene.give(block);
        live.remove(&block.addr());
    }
    (-1024..1024).for_each(|offset| expect_fault(&scene, &live, last, offset));
    live.iter().for_each(|&address| scene.give(blocks[0].with_addr(address)));
    assert_eq!(scene.audit().live_blocks, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Among blocks of all classes at once, some of which come and go.
    #[test]
    fn anywhere_in_a_heap(
        sizes in prop::collection::vec(1..40_000usize, 20..200),
        freed in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        tried in prop::collection::vec((any::<prop::sample::Index>(), -40_000..40_000isize), 200),
    ) {
        let scene = Scene::new(64 << 20);
        let blocks: Vec<_> = sizes.iter().map(|&bytes| scene.take(bytes)).collect();
        let mut live: BTreeSet<_> = blocks.iter().map(|block| block.addr()).collect();
        for index in freed {
            let block = blocks[index.index(blocks.len())];
            if live.remove(&block.addr()) {
                scene.give(block);
            }
        }
        for (index, offset) in tried {
            expect_fault(&scene, &live, blocks[index.index(blocks.len())], offset);
        }
        live.iter().for_each(|&address| scene.give(blocks[0].with_addr(address)));
        prop_assert_eq!(scene.audit().live_blocks, 0);
    }
}
