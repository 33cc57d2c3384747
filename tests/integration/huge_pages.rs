//! Huge pages are asked for when a heap is large or grows fast, or a large block grows, and not before, and not where
//! a setting forbids it; superslabs with and without them make few mappings.

use std::fs;
use std::path::Path;

use hakmem_core::seam::MOST_EDGES;
use hakmem_core::{PageProvider, Settings};
use hakmem_tests::scene::{Scene, new_front, resize};

const MIB: usize = 1 << 20;
/// Where they begin, however slowly a heap grows; and where it grows fast.
const EARNED: usize = 128 * MIB;
const EARNED_FAST: usize = 8 * MIB;

/// Bytes of huge pages that a heap asked for that grew by blocks of 1,000 bytes, a MiB in so many milliseconds.
fn asked_for(scene: &Scene, bytes: usize, ms: u64) -> usize {
    let clock = scene.allocator.provider().now_ms();
    let grow = |at: usize| {
        scene.allocator.provider().set_ms(clock + (at * 1000 / MIB) as u64 * ms);
        scene.take(1000)
    };
    let blocks: Vec<_> = (0..bytes / 1000).map(grow).collect();
    let asked = scene.allocator.provider().below().below().huge_bytes();
    blocks.into_iter().for_each(|block| scene.give(block));
    scene.audit();
    asked
}

#[test]
fn a_large_heap_earns_them() {
    let scene = Scene::new(4 << 30);
    assert_eq!(asked_for(&scene, EARNED - 8 * MIB, 3), 0);
    let asked = asked_for(&scene, 2 * EARNED, 3);
    assert!((EARNED..=2 * EARNED).contains(&asked), "{asked} bytes");
}

#[test]
fn a_heap_of_blocks_that_leave_pages_untouched_earns_none() {
    for bytes in [40_000, 100_000, 300_000] {
        let scene = Scene::new(4 << 30);
        let blocks: Vec<_> = (0..4 * EARNED / bytes).map(|_| scene.take(bytes)).collect();
        let asked = scene.allocator.provider().below().below().huge_bytes();
        assert_eq!(asked, 0, "blocks of {bytes} bytes");
        blocks.into_iter().for_each(|block| scene.give(block));
        scene.audit();
    }
}

#[test]
fn a_heap_that_grows_fast_earns_them_earlier() {
    let scene = Scene::new(4 << 30);
    assert_eq!(asked_for(&scene, EARNED_FAST - MIB, 1), 0);
    let asked = asked_for(&scene, 8 * EARNED_FAST, 1);
    // What it grew by until that was seen has none.
    assert!((6 * EARNED_FAST..=7 * EARNED_FAST).contains(&asked), "{asked} bytes");
}

/// Bytes of huge pages that a block asked for that was `first` bytes and grew by `step` to `last`.
fn asked_for_by_one(scene: &Scene, first: usize, step: impl Fn(usize) -> usize, last: usize) -> usize {
    let before = scene.allocator.provider().below().below().huge_bytes();
    let (mut block, mut bytes) = (scene.take(first), first);
    while bytes < last {
        bytes = step(bytes);
        block = resize(&scene.allocator, &scene.one, block, bytes).expect("a live block is resized");
        assert!(!block.is_null(), "{bytes} bytes were refused");
    }
    scene.give(block);
    scene.allocator.provider().below().below().huge_bytes() - before
}

#[test]
fn a_large_block_that_grows_earns_them() {
    let scene = Scene::new(4 << 30);
    assert_eq!(asked_for_by_one(&scene, MIB, |bytes| 2 * bytes, 16 * MIB), 0, "too small");
    assert_eq!(asked_for_by_one(&scene, 256 * MIB, |bytes| bytes, 256 * MIB), 0, "it may stay empty");
    assert_eq!(asked_for_by_one(&scene, MIB, |bytes| 2 * bytes, 128 * MIB), (32 + 64 + 128) * MIB);
    let asked = asked_for_by_one(&scene, 31 * MIB, |bytes| bytes + (64 << 10), 100 * MIB);
    assert_eq!(asked, (32 + 64) * MIB, "asked at every step, or never");
    scene.audit();
}

#[test]
fn a_setting_forbids_them() {
    let scene = Scene::new(4 << 30);
    scene.allocator.configure(&new_front(), &Settings::new().with(|settings| settings.huge_pages = false));
    assert_eq!(asked_for(&scene, 2 * EARNED, 0), 0);
    assert_eq!(asked_for_by_one(&scene, MIB, |bytes| 2 * bytes, 128 * MIB), 0);
}

/// The process's mappings that begin between two addresses.
fn mappings(from: usize, to: usize) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux says what is mapped");
    let starts = maps.lines().filter_map(|line| usize::from_str_radix(line.split('-').next()?, 16).ok());
    starts.filter(|start| (from..to).contains(start)).count()
}

/// Found that each superslab that was given back in part became a mapping of its own, of which a process may have
/// 65,530.
#[test]
fn superslabs_that_are_not_as_their_neighbours_are_not_too_many() {
    const SUPERSLABS: usize = 3000;
    const BYTES: usize = 8 << 10;
    const MOST_MAPPINGS: usize = MOST_EDGES + 16;
    let scene = Scene::new(8 << 30);
    // Superslabs full of blocks that leave no page untouched; nothing is written to them.
    let blocks: Vec<_> = (0..SUPERSLABS * (2 * MIB / BYTES)).map(|_| scene.take(BYTES)).collect();
    let addresses = || blocks.iter().map(|block| block.addr());
    let (from, to) = (addresses().min().expect("there are some"), addresses().max().expect("there are some"));
    let give_mebibytes = |which: fn(usize) -> bool| {
        blocks.iter().filter(|block| which(block.addr() / MIB)).for_each(|&block| scene.give(block));
        scene.allocator.trim(&scene.one);
    };
    let before = mappings(from, to);
    assert!(before < 16, "{before} mappings");
    give_mebibytes(|number| number % 4 == 1);
    let split = mappings(from, to);
    if Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        assert!((MOST_EDGES / 2..=MOST_MAPPINGS).contains(&split), "{split} mappings");
    }
    scene.audit();
    give_mebibytes(|number| number % 4 == 3);
    assert!(mappings(from, to) <= MOST_MAPPINGS, "{} mappings", mappings(from, to));
    give_mebibytes(|number| number % 2 == 0);
    scene.audit();
}
