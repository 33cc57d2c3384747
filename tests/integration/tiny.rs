//! Blocks of 8 bytes, two of which lie in a granule: they come, go, change threads and are misused like any others.

#![allow(unsafe_code, reason = "writes to blocks")]

use hakmem_core::FaultKind;
use hakmem_tests::scene::Scene;

/// More than the slabs of 16 bytes hold that serve until there are many.
const MANY: usize = 200_000;

fn many(scene: &Scene) -> Vec<*mut u8> {
    let blocks: Vec<_> = (0..MANY).map(|number| scene.take(1 + number % 8)).collect();
    for (number, block) in blocks.iter().enumerate() {
        // SAFETY: each is ours, and that long.
        unsafe { block.cast::<usize>().write(number) };
    }
    for (number, block) in blocks.iter().enumerate() {
        // SAFETY: as above.
        assert_eq!(unsafe { block.cast::<usize>().read() }, number, "no other block is there");
    }
    blocks
}

#[test]
fn they_come_back_by_either_thread() {
    let scene = Scene::new(1 << 30);
    for round in 0..3 {
        for (at, block) in many(&scene).into_iter().enumerate() {
            let front = if at % 3 == round { &scene.two } else { &scene.one };
            scene.try_give(front, block).expect("a live block is taken back");
        }
        assert_eq!(scene.audit().live_blocks, 0);
    }
}

/// The first ones have 16 bytes, as blocks of 8 have a live map only where they are many.
#[test]
fn each_misuse_is_named() {
    for (from, bytes) in [(100, 16), (190_000, 8)] {
        let scene = Scene::new(1 << 30);
        let mut blocks = many(&scene);
        let freed: Vec<_> = blocks.drain(from..from + 100).collect();
        for (at, &block) in freed.iter().enumerate() {
            let front = if at % 2 == 0 { &scene.one } else { &scene.two };
            scene.try_give(front, block).expect("a live block is taken back");
        }
        for front in [&scene.one, &scene.two] {
            for &block in &freed {
                let again = scene.try_give(front, block).expect_err("freed before");
                assert_eq!((again.kind, again.block_bytes), (FaultKind::DoubleFree, bytes));
            }
            for off in 1..bytes {
                let wrong = scene.try_give(front, blocks[from].wrapping_add(off)).expect_err("no block starts there");
                assert_eq!(wrong.kind, FaultKind::Misaligned);
            }
        }
        blocks.into_iter().for_each(|block| scene.give(block));
        assert_eq!(scene.audit().live_blocks, 0);
    }
}
