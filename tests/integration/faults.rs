//! Every misuse of a pointer: the exact fault, and nothing is changed by it.

#![allow(unsafe_code, reason = "frees a block twice")]

use hakmem_core::seam::SizeClass;
use hakmem_core::{FaultKind, Front, Off, Settings};
use hakmem_tests::scene::{Scene, give_fast, give_slow, new_front, resize};

const RUN: usize = 300_000;
const LARGE: usize = 2 << 20;

/// A scene with zones of 64 MiB.
fn scene() -> Scene {
    Scene::new(64 << 20)
}

/// Giving the pointer, by either thread, and resizing it is this fault and changes nothing.
fn expect(scene: &Scene, pointer: *mut u8, kind: FaultKind) {
    // The threads' first calls make their thread heaps.
    for front in [&scene.one, &scene.two] {
        give_slow(&scene.allocator, front, core::ptr::null_mut()).expect("null is nothing");
    }
    let before = scene.audit();
    for front in [&scene.one, &scene.two] {
        let fault = scene.try_give(front, pointer).expect_err("a misuse");
        assert_eq!((fault.kind, fault.address), (kind, pointer.addr()), "{fault}");
    }
    // A large block that was freed was not from this allocator, said who asked for its size.
    let sized = scene.allocator.usable(pointer).expect_err("no block, no size");
    let resized = resize(&scene.allocator, &scene.one, pointer, 100).expect_err("no block, no other size");
    assert_eq!((sized.kind, resized.kind), (kind, kind), "{pointer:p}: {sized}, {resized}");
    assert_eq!(scene.audit(), before, "a fault changes nothing");
}

#[test]
fn a_pointer_into_a_block_is_not_its_start() {
    let scene = scene();
    for (bytes, inner) in
        [(48, 16), (1000, 512), (5000, 16), (5000, 4096), (20_000, 16), (200_000, 65_536), (RUN, 32_768)]
    {
        let block = scene.take(bytes);
        expect(&scene, block.wrapping_add(inner), FaultKind::InnerPointer);
        scene.give(block);
    }
}

#[test]
fn a_misaligned_pointer_is_no_block() {
    let scene = scene();
    for (bytes, off) in [(8, 1), (8, 4), (16, 8), (48, 1), (48, 24), (1000, 3), (5000, 8), (200_000, 15), (RUN, 8)] {
        let block = scene.take(bytes);
        expect(&scene, block.wrapping_add(off), FaultKind::Misaligned);
        scene.give(block);
    }
}

#[test]
fn a_block_is_freed_once() {
    for bytes in [8, 16, 48, 1000, 1024, 1100, 5000, 9000, 20_000, 200_000] {
        let scene = scene();
        let (block, _neighbour) = (scene.take(bytes), scene.take(bytes));
        scene.give(block);
        expect(&scene, block, FaultKind::DoubleFree);
        // And after it went back to its slab.
        scene.allocator.trim(&scene.one);
        expect(&scene, block, FaultKind::DoubleFree);
    }
}

#[test]
fn a_block_that_another_thread_freed_is_free() {
    for bytes in [8, 16, 48, 1000, 1024, 1100, 5000, 9000, 20_000, 200_000] {
        let scene = scene();
        let (block, _neighbour) = (scene.take(bytes), scene.take(bytes));
        scene.try_give(&scene.two, block).expect("a live block is taken back");
        expect(&scene, block, FaultKind::DoubleFree);
        scene.allocator.end_thread(&scene.two).expect("no block was freed twice");
        expect(&scene, block, FaultKind::DoubleFree);
        scene.allocator.trim(&scene.one);
        expect(&scene, block, FaultKind::DoubleFree);
    }
}

#[test]
fn where_everything_went_back_a_second_free_is_still_told() {
    for bytes in [8, 48, 1000, 5000, 200_000, RUN] {
        let scene = scene();
        let block = scene.take(bytes);
        scene.give(block);
        scene.allocator.trim(&scene.one);
        expect(&scene, block, FaultKind::DoubleFree);
        expect(&scene, block.wrapping_add(4), FaultKind::Stale);
    }
}

#[test]
fn what_was_never_handed_out_is_stale() {
    let scene = scene();
    // A starter is blocks from end to end.
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = Off::STARTERS));
    let block = scene.take(8);
    expect(&scene, block.wrapping_add(16_000), FaultKind::Stale);
    let block = scene.take(RUN);
    expect(&scene, block.wrapping_add(1 << 20), FaultKind::Stale);
}

#[test]
fn a_large_block_is_freed_once() {
    let scene = scene();
    let block = scene.take(LARGE);
    expect(&scene, block.wrapping_add(4096), FaultKind::Foreign);
    scene.give(block);
    expect(&scene, block, FaultKind::DoubleFree);
    scene.allocator.trim(&scene.one);
    expect(&scene, block, FaultKind::DoubleFree);
}

/// The old address of one that was moved was not from this allocator.
#[test]
fn a_large_block_that_was_moved_was_freed() {
    let scene = scene();
    let blocks: Vec<_> = (0..8).map(|_| scene.take(LARGE)).collect();
    let mut moved = 0;
    for &block in &blocks {
        let grown = resize(&scene.allocator, &scene.one, block, 64 * LARGE).expect("a live block");
        if grown != block {
            moved += 1;
            expect(&scene, block, FaultKind::DoubleFree);
        }
        scene.give(grown);
    }
    assert!(moved > 0, "of eight neighbours one must move");
}

#[test]
fn what_is_not_ours_is_foreign() {
    static WORDS: [u64; 4] = [0; 4];
    let scene = scene();
    let (local, boxed) = ([0u64; 4], Box::new([0u64; 4]));
    let places = [local.as_ptr(), boxed.as_ptr(), WORDS.as_ptr()];
    let block = scene.take(48);
    let strange = [8, 16, 4096, usize::MAX, usize::MAX & !15, isize::MAX as usize & !15];
    let strange = strange.map(core::ptr::without_provenance_mut::<u8>);
    for pointer in places.map(|place| place.cast::<u8>().cast_mut()).into_iter().chain(strange) {
        expect(&scene, pointer, FaultKind::Foreign);
    }
    // Reserved, never committed.
    expect(&scene, block.wrapping_add(60 << 20), FaultKind::Foreign);
}

#[test]
fn before_the_first_call_everything_is_foreign() {
    let scene = scene();
    let local = [0u64; 4];
    expect(&scene, local.as_ptr().cast::<u8>().cast_mut(), FaultKind::Foreign);
}

#[test]
fn a_fault_says_how_large_the_block_is() {
    let scene = scene();
    let block = scene.take(48);
    let fault = scene.try_give(&scene.one, block.wrapping_add(16)).expect_err("a misuse");
    let words = format!("invalid free: not the start of a block of {:#x} (a block of 48 bytes)", block.addr() + 16);
    assert_eq!(fault.to_string(), words);
}

/// Two threads that free one block at the same moment both read its class; each then pushes it.
fn race(scene: &Scene, first: &Front, second: &Front, block: *mut u8) {
    assert!(give_fast(&scene.allocator, first, block));
    // SAFETY: it breaks the rule, to see that this is told.
    assert!(unsafe { second.push(SizeClass::of(48), block) });
}

/// Both threads have magazines of the class, and the first one's blocks. No starter has them, whose blocks go home
/// without a magazine.
fn warm(scene: &Scene) -> Vec<*mut u8> {
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = Off::STARTERS));
    let blocks: Vec<_> = (0..20).map(|_| scene.take(48)).collect();
    let other = scene.allocator.take_slow(&scene.two, 48);
    scene.try_give(&scene.two, other).expect("a live block is taken back");
    blocks
}

/// After the race: the threads end, one of them is told of the fault, and no other block is lost.
fn told_and_nothing_lost(scene: &Scene, blocks: &[*mut u8], fronts: [&Front; 2]) {
    let (before, after) = (&blocks[..10], &blocks[11..]);
    let mut told: Vec<_> = after.iter().map(|&block| scene.try_give(&scene.two, block)).collect();
    told.extend(before.iter().map(|&block| scene.try_give(&scene.one, block)));
    told.extend(fronts.map(|front| scene.allocator.end_thread(front)));
    let trimmer = new_front();
    scene.allocator.trim(&trimmer);
    scene.allocator.end_thread(&trimmer).expect("no block was freed twice");
    let audit = scene.audit();
    assert_eq!((audit.live_blocks, audit.spans), (0, 0), "other blocks were lost with the one freed twice: {audit:?}");
    let faults: Vec<_> = told.into_iter().filter_map(Result::err).collect();
    assert_eq!(faults.len(), 1, "one of the two is told");
    assert_eq!((faults[0].kind, faults[0].address), (FaultKind::DoubleFree, blocks[10].addr()));
}

#[test]
fn a_race_of_a_thread_with_itself_is_told_at_the_flush() {
    let scene = scene();
    let blocks = warm(&scene);
    race(&scene, &scene.one, &scene.one, blocks[10]);
    told_and_nothing_lost(&scene, &blocks, [&scene.one, &scene.two]);
}

#[test]
fn a_race_of_owner_and_other_is_told_at_the_flush() {
    let scene = scene();
    let blocks = warm(&scene);
    race(&scene, &scene.one, &scene.two, blocks[10]);
    told_and_nothing_lost(&scene, &blocks, [&scene.one, &scene.two]);
}

#[test]
fn a_race_of_other_and_owner_is_told_at_the_flush() {
    let scene = scene();
    let blocks = warm(&scene);
    race(&scene, &scene.two, &scene.one, blocks[10]);
    told_and_nothing_lost(&scene, &blocks, [&scene.two, &scene.one]);
}
