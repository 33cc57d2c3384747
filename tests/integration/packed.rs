//! Where blocks of 8 to 32 KiB are many, further ones are packed: they come, go, change threads and are
//! misused like any others.

#![allow(unsafe_code, reason = "writes to blocks")]

use hakmem_core::{FaultKind, Front};
use hakmem_tests::scene::{Scene, give_fast, give_packed, give_slow, resize};

/// More than the rooms that a heap opens, of each kind.
const MANY: usize = 200;

/// A block and how many bytes were asked for; the first and the last hold a pattern.
type Block = (*mut u8, usize);

fn take(scene: &Scene, bytes: usize) -> Block {
    let block = scene.take(bytes);
    // SAFETY: the block is ours, and that long.
    unsafe {
        block.write(bytes as u8);
        block.add(bytes - 1).write(bytes as u8);
    }
    (block, bytes)
}

fn give(scene: &Scene, front: &Front, (block, bytes): Block) {
    // SAFETY: as above.
    assert_eq!(unsafe { (block.read(), block.add(bytes - 1).read()) }, (bytes as u8, bytes as u8), "{bytes}");
    scene.try_give(front, block).expect("a live block is taken back");
}

fn give_all(scene: &Scene, blocks: impl IntoIterator<Item = Block>) {
    blocks.into_iter().for_each(|block| give(scene, &scene.one, block));
}

fn many(scene: &Scene) -> Vec<Block> {
    (0..MANY * 4).map(|at| take(scene, 8193 + at * 1009 % 24_500)).collect()
}

fn check_live(scene: &Scene, blocks: usize) {
    assert_eq!(scene.audit().live_blocks, blocks as u64);
}

fn finish(scene: &Scene) {
    check_live(scene, 0);
    for front in [&scene.one, &scene.two] {
        scene.allocator.end_thread(front).expect("no block was freed twice");
    }
    scene.allocator.trim(&scene.one);
    check_live(scene, 0);
    assert_eq!(scene.allocator.stats().active, 0, "every slab went back");
}

fn scene() -> Scene {
    Scene::new(256 << 20)
}

#[test]
fn many_blocks_leave_no_address_between_them() {
    let scene = scene();
    let rooms: Vec<_> = (0..MANY).map(|_| take(&scene, 9216)).collect();
    let packed = rooms.windows(2).filter(|pair| pair[1].0.addr().wrapping_sub(pair[0].0.addr()) == 9216).count();
    assert!(packed >= MANY / 4, "only {packed} of {MANY} blocks stand close");
    for &(block, _) in &rooms {
        assert_eq!(scene.allocator.usable(block), Ok(9216));
    }
    give_all(&scene, rooms);
    finish(&scene);
}

#[test]
fn they_come_and_go_in_every_order() {
    let scene = scene();
    for round in 0..6 {
        let mut blocks = many(&scene);
        check_live(&scene, blocks.len());
        match round % 3 {
            0 => {}
            1 => blocks.reverse(),
            _ => blocks.sort_by_key(|&(block, bytes)| (bytes % 7, block.addr())),
        }
        // Every second one first, so that spans are emptied late, and other sizes want their pages.
        let (first, second): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
        give_all(&scene, first.into_iter().map(|(_, block)| block));
        check_live(&scene, second.len());
        let more = many(&scene);
        give_all(&scene, second.into_iter().map(|(_, block)| block));
        check_live(&scene, more.len());
        give_all(&scene, more);
        check_live(&scene, 0);
    }
    finish(&scene);
}

#[test]
fn other_threads_free_them() {
    let scene = scene();
    for _ in 0..4 {
        let blocks = many(&scene);
        blocks.iter().enumerate().for_each(|(at, &block)| {
            give(&scene, if at % 3 == 0 { &scene.one } else { &scene.two }, block);
        });
        check_live(&scene, 0);
    }
    finish(&scene);
}

#[test]
fn they_grow_and_shrink() {
    let scene = scene();
    let mut blocks = many(&scene);
    for (at, (block, bytes)) in blocks.iter_mut().enumerate() {
        let wanted = [100, 9000, 16_384, 20_000, 32_768, 40_000][at % 6];
        let moved = resize(&scene.allocator, &scene.one, *block, wanted).expect("a live block");
        // SAFETY: the block is ours, and that long.
        unsafe {
            assert_eq!(moved.read(), *bytes as u8, "{bytes} to {wanted}");
            moved.write(wanted as u8);
            moved.add(wanted - 1).write(wanted as u8);
        }
        (*block, *bytes) = (moved, wanted);
    }
    check_live(&scene, blocks.len());
    give_all(&scene, blocks);
    finish(&scene);
}

#[test]
fn each_misuse_is_named() {
    let scene = scene();
    let mut blocks = many(&scene);
    let (freed, bytes) = blocks.remove(blocks.len() / 2);
    give(&scene, &scene.one, (freed, bytes));
    for &(block, _) in &blocks {
        for (off, kind) in [(8, FaultKind::Misaligned), (16, FaultKind::InnerPointer), (1024, FaultKind::InnerPointer)]
        {
            for front in [&scene.one, &scene.two] {
                let pointer = block.wrapping_add(off);
                assert!(!give_fast(&scene.allocator, front, pointer) && !give_packed(&scene.allocator, front, pointer));
                assert_eq!(give_slow(&scene.allocator, front, pointer).map_err(|fault| fault.kind), Err(kind));
            }
        }
    }
    assert!(!give_fast(&scene.allocator, &scene.one, freed) && !give_packed(&scene.allocator, &scene.one, freed));
    let again = give_slow(&scene.allocator, &scene.one, freed).expect_err("freed before");
    assert_eq!(again.kind, FaultKind::DoubleFree);
    check_live(&scene, blocks.len());
    give_all(&scene, blocks);
    finish(&scene);
}
