//! Random placement: the same requests get other blocks under another key, and few neighbours.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait")]

use std::collections::BTreeSet;

use hakmem_core::{Allocator, Front, Harden};
use hakmem_tests::providers::{LinuxPages, Narrow, Region};
use hakmem_tests::scene::{give, new_front, take};

use crate::harden;

/// Offsets from the lowest of what ten requests get.
fn offsets(measures: Harden, bytes: usize) -> Vec<usize> {
    let (allocator, front) = (Allocator::new(LinuxPages::new()), new_front());
    take(&allocator, &front, 1);
    harden(&allocator, &front, measures);
    let blocks: Vec<_> = (0..10).map(|_| take(&allocator, &front, bytes).addr()).collect();
    let least = blocks.iter().min().copied().expect("ten");
    blocks.iter().map(|block| block - least).collect()
}

#[test]
fn every_run_places_blocks_elsewhere() {
    for bytes in [16, 64, 200, 1000, 4000, 20_000, 100_000, 400_000] {
        let plain: BTreeSet<_> = (0..20).map(|_| offsets(Harden::DOUBLE_FREE, bytes)).collect();
        let random: BTreeSet<_> = (0..20).map(|_| offsets(Harden::RANDOM, bytes)).collect();
        assert_eq!(plain.len(), 1, "blocks of {bytes} bytes stand where they stood");
        assert!(random.len() >= 19, "blocks of {bytes} bytes: {} of 20 orders differ", random.len());
    }
}

#[test]
fn where_the_provider_has_no_key_all_is_as_it_was() {
    let order = || {
        let (allocator, front) = (Allocator::new(Region::new(48, 8 << 20)), new_front());
        harden(&allocator, &front, Harden::all());
        let blocks: Vec<_> = (0..500).map(|number| take(&allocator, &front, 16 + number)).collect();
        blocks.iter().map(|block| block.addr() - blocks[0].addr().min(block.addr())).collect::<Vec<_>>()
    };
    assert_eq!(order(), order());
}

/// Bits of which of a class's blocks comes first, measured over many allocators.
#[test]
fn the_first_block_may_be_any_of_its_span() {
    const TRIES: usize = 2_000;
    for (bytes, blocks) in [(16, 2048), (64, 512), (256, 128), (1024, 32), (4096, 8)] {
        let mut places = BTreeSet::new();
        for _ in 0..TRIES.min(blocks * 20) {
            let (allocator, front) = (Allocator::new(Narrow::new(LinuxPages::new(), 8 << 20, usize::MAX)), new_front());
            harden(&allocator, &front, Harden::RANDOM);
            // Its pages are the test's until it ends, so the key is the only thing that differs.
            places.insert(key_order(&allocator, &front, bytes));
        }
        assert!(places.len() * 2 > blocks.min(TRIES / 2), "{bytes}: {} of {blocks} places", places.len());
    }
}

fn key_order(allocator: &Allocator<Narrow<LinuxPages>>, front: &Front, bytes: usize) -> usize {
    (take(allocator, front, bytes).addr() % (32 << 10)) / bytes
}

#[test]
fn what_was_freed_last_does_not_come_first() {
    let (allocator, front) = (Allocator::new(LinuxPages::new()), new_front());
    harden(&allocator, &front, Harden::RANDOM);
    let blocks: Vec<_> = (0..200).map(|_| take(&allocator, &front, 64)).collect();
    let mut same = 0;
    for &block in &blocks {
        give(&allocator, &front, block);
        same += u32::from(take(&allocator, &front, 64) == block);
    }
    // One in as many as the magazine has: four and the one that was freed.
    assert!(same < 100, "{same} of 200 came back at once");
}
