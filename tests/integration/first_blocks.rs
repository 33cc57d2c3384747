//! The first blocks of all classes stand side by side, and what comes back serves its class again.

#![allow(unsafe_code, reason = "writes to blocks")]

use std::collections::HashSet;
use std::ptr::with_exposed_provenance_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use hakmem_core::Allocator;
use hakmem_tests::providers::LinuxPages;
use hakmem_tests::scene::{Scene, end, give, new_front, take};

/// One block of each 16 bytes up to 4 KiB.
fn one_of_each(scene: &Scene) -> Vec<*mut u8> {
    (1..=256).map(|granules| scene.take(granules * 16)).collect()
}

fn give_all_by_the_second_thread(scene: &Scene, blocks: impl IntoIterator<Item = *mut u8>) {
    for block in blocks {
        scene.try_give(&scene.two, block).expect("a live block is taken back");
    }
    scene.allocator.end_thread(&scene.two).expect("no block was freed twice");
}

#[test]
fn small_programs_fit_few_slabs() {
    let scene = Scene::new(64 << 20);
    let blocks: Vec<_> = (0..300).map(|at| scene.take(16 + at * 37 % 497)).collect();
    let slabs: HashSet<_> = blocks.iter().map(|block| block.addr() >> 15).collect();
    assert!(slabs.len() <= 4, "300 blocks of 31 classes lie in {} slabs", slabs.len());
    assert_eq!(scene.audit().live_blocks, 300);
    blocks.into_iter().for_each(|block| scene.give(block));
    assert_eq!(scene.audit().live_blocks, 0);
}

#[test]
fn what_comes_back_serves_its_class_again() {
    for bytes in [16, 48, 64, 112, 240] {
        let scene = Scene::new(64 << 20);
        // These stay, so that the starters do not go back whole.
        let others: Vec<_> = (1..=16).map(|granules| scene.take(granules * 16)).collect();
        let first: HashSet<_> = (0..1024 / bytes).map(|_| scene.take(bytes)).collect();
        let taken = scene.allocator.stats().spans_taken;
        give_all_by_the_second_thread(&scene, first.iter().copied());
        scene.audit();
        let again: HashSet<_> = (0..first.len() / 2).map(|_| scene.take(bytes)).collect();
        assert!(again.intersection(&first).count() >= again.len() / 2, "{bytes}: new blocks while old ones are free");
        assert_eq!(scene.allocator.stats().spans_taken, taken, "{bytes}: a slab was claimed");
        scene.audit();
        again.into_iter().chain(others).for_each(|block| scene.give(block));
    }
}

#[test]
fn what_comes_back_serves_other_classes() {
    let scene = Scene::new(64 << 20);
    let slabs_of = |blocks: &[*mut u8]| blocks.iter().map(|block| block.addr() >> 15).collect::<HashSet<_>>();
    let large: Vec<_> = [2_400, 4_800, 7_000, 2_400].into_iter().map(|bytes| scene.take(bytes)).collect();
    let stays = scene.take(16);
    let (mut slabs, first) = (slabs_of(&large), large[0]);
    assert_eq!(slabs.len(), 1, "they stand side by side");
    large.iter().for_each(|&block| scene.give(block));
    // Magazines hold them until a slab would be claimed.
    let small: Vec<_> = (0..300).map(|at| scene.take(16 + at * 37 % 113)).collect();
    let audit = scene.audit();
    assert_eq!((audit.live_blocks, audit.spans), (301, 1), "all found room in the first slab");
    slabs.extend(slabs_of(&small));
    assert_eq!(slabs.len(), 1);
    assert!(small.iter().all(|block| block.addr() % 16 == 0 && *block != stays));
    let again = small.iter().find(|block| (first.addr()..first.addr() + 2_400).contains(&block.addr()));
    assert!(again.is_some(), "the room of a large block was cut anew");
    small.into_iter().chain([stays]).for_each(|block| scene.give(block));
    assert_eq!(scene.audit().live_blocks, 0);
}

#[test]
fn they_go_when_all_are_back() {
    let scene = Scene::new(64 << 20);
    let blocks: Vec<_> = (0..4).flat_map(|_| one_of_each(&scene)).collect();
    assert_eq!(scene.audit().live_blocks, 1024);
    let (odd, even): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|&(at, _)| at % 2 == 1);
    odd.into_iter().for_each(|(_, block)| scene.give(block));
    assert_eq!(scene.audit().live_blocks, 512);
    give_all_by_the_second_thread(&scene, even.into_iter().map(|(_, block)| block));
    assert_eq!(scene.audit().live_blocks, 0);
    scene.allocator.end_thread(&scene.one).expect("no block was freed twice");
    scene.allocator.trim(&scene.one);
    assert_eq!(scene.allocator.stats().active, 0, "every slab went back");
}

/// `starter-length`: a block's length is told by the start behind it, and what lies behind is joined and cut meanwhile.
#[test]
fn blocks_are_as_long_as_ever_while_their_neighbours_change() {
    (0..20).for_each(|_| measure_while_neighbours_change());
}

fn measure_while_neighbours_change() {
    const SIZES: [usize; 5] = [16, 48, 112, 240, 480];
    let allocator = Allocator::new(LinuxPages::new());
    let (front, is_done) = (new_front(), AtomicBool::new(false));
    let held: Vec<_> =
        (0..40).map(|at| (SIZES[at % 5], take(&allocator, &front, SIZES[at % 5]).expose_provenance())).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for &(bytes, block) in &held {
                    let found = allocator.usable(with_exposed_provenance_mut(block));
                    assert_eq!(found, Ok(bytes), "a block of {bytes} bytes");
                }
            }
        });
        for round in 0..4_000 {
            let blocks: Vec<_> =
                (0..3).map(|at| take(&allocator, &front, 16 + (round * 7 + at * 5) % 31 * 16)).collect();
            blocks.into_iter().for_each(|block| give(&allocator, &front, block));
        }
        is_done.store(true, Ordering::Relaxed);
    });
    held.iter().for_each(|&(_, block)| give(&allocator, &front, with_exposed_provenance_mut(block)));
    end(&allocator, &front);
}
