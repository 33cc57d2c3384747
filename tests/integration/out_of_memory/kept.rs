//! Before null comes back, what is kept goes back: blocks in the thread's magazines, what other threads freed,
//! heaps that no thread has, large blocks that were freed. Each scene has a block that only this can serve.

use hakmem_core::{Allocator, Front};
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{new_front, resize};

use crate::loads::{give, take};

type Pages = Faulty<Narrow<LinuxPages>>;

const MIB: usize = 1 << 20;
/// The size whose blocks fill all there is, and one that needs a slab of its own.
const SMALL: usize = 1000;
const ROOM: usize = 30_000;

/// All the memory there will be is two superslabs, all of it blocks of the first front.
fn full() -> (Allocator<Pages>, Front, Vec<*mut u8>) {
    let allocator = Allocator::new(Faulty::new(Narrow::new(LinuxPages::new(), 4 * MIB, 6 * MIB)));
    let front = new_front();
    // Magazines of the other size have their room already.
    let room = take(&allocator, &front, ROOM);
    give(&allocator, &front, room);
    allocator.trim(&front);
    let blocks = core::iter::from_fn(|| Some(take(&allocator, &front, SMALL)).filter(|block| !block.is_null()));
    let blocks: Vec<_> = blocks.collect();
    assert!(blocks.len() > 3000, "{} blocks fill 4 MiB", blocks.len());
    (allocator, front, blocks)
}

/// A room can be had; then everything goes back.
fn serves(allocator: &Allocator<Pages>, front: &Front, rest: &[*mut u8]) {
    let room = take(allocator, front, ROOM);
    assert!(!room.is_null(), "what is kept serves: {:?}", allocator.stats());
    give(allocator, front, room);
    rest.iter().for_each(|&block| give(allocator, front, block));
    allocator.end_thread(front).expect("no block was freed twice");
    allocator.trim(front);
    let stats = allocator.stats();
    assert_eq!((stats.active, stats.cached), (0, 0), "{stats:?}");
}

#[test]
fn blocks_in_the_magazines() {
    let (allocator, front, mut blocks) = full();
    assert!(take(&allocator, &front, ROOM).is_null(), "there is no room left");
    // Two slabs of 32 blocks, which fit the magazine.
    let rest = blocks.split_off(64);
    blocks.into_iter().for_each(|block| give(&allocator, &front, block));
    serves(&allocator, &front, &rest);
}

#[test]
fn what_another_thread_freed() {
    let (allocator, front, mut blocks) = full();
    let other = new_front();
    let rest = blocks.split_off(640);
    blocks.into_iter().for_each(|block| give(&allocator, &other, block));
    allocator.end_thread(&other).expect("no block was freed twice");
    serves(&allocator, &front, &rest);
}

#[test]
fn a_heap_that_no_thread_has() {
    let (allocator, front, mut blocks) = full();
    let other = new_front();
    let rest = blocks.split_off(640);
    allocator.end_thread(&front).expect("no block was freed twice");
    blocks.into_iter().for_each(|block| give(&allocator, &other, block));
    allocator.end_thread(&other).expect("no block was freed twice");
    serves(&allocator, &new_front(), &rest);
}

#[test]
fn large_blocks_that_were_freed() {
    let allocator = Allocator::new(Faulty::new(Narrow::new(LinuxPages::new(), 4 * MIB, 12 * MIB)));
    let front = new_front();
    // Asked for again, so that it is kept.
    for _ in 0..3 {
        let large = take(&allocator, &front, 6 * MIB);
        give(&allocator, &front, large);
    }
    assert_eq!(allocator.stats().large_cached, 6 * MIB as u64, "{:?}", allocator.stats());
    let runs: Vec<_> = (0..9).map(|_| take(&allocator, &front, MIB / 2)).collect();
    assert!(runs.iter().all(|run| !run.is_null()), "a second zone takes the place of what was kept");
    assert_eq!((allocator.stats().large_cached, allocator.stats().zones), (0, 2));
    runs.into_iter().for_each(|run| give(&allocator, &front, run));
}

#[test]
fn large_blocks_that_were_freed_make_room_for_one_that_grows() {
    let allocator = Allocator::new(Faulty::new(Narrow::new(LinuxPages::new(), 4 * MIB, 19 * MIB)));
    let front = new_front();
    let grows = take(&allocator, &front, 6 * MIB);
    for _ in 0..3 {
        let large = take(&allocator, &front, 5 * MIB);
        give(&allocator, &front, large);
    }
    assert_eq!(allocator.stats().large_cached, 5 * MIB as u64, "{:?}", allocator.stats());
    // 14 MiB for large blocks: neither the old and the new one together fit, nor the growth beside what is kept.
    let grown = resize(&allocator, &front, grows, 12 * MIB).expect("a live block");
    assert!(!grown.is_null(), "{:?}, {} left", allocator.stats(), allocator.provider().below().left());
    give(&allocator, &front, grown);
}
