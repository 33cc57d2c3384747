//! Each mechanism can be switched off, and is off then: what tells it apart is there without the switch and
//! gone with it.

#![allow(unsafe_code, reason = "touches a large block")]

use hakmem_core::{Fault, FaultKind, Off, Settings};
use hakmem_tests::scene::{Scene, resize};

const MIB: usize = 1 << 20;

/// What a scene shows as it comes, and with a mechanism off.
fn shown<T>(mechanism: Off, show: impl Fn(&Scene) -> T) -> (T, T) {
    let show_with = |off| {
        let scene = Scene::new(256 * MIB);
        scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = off));
        let shown = show(&scene);
        scene.audit();
        shown
    };
    (show_with(Off::empty()), show_with(mechanism))
}

#[test]
fn without_starters_classes_share_no_slab() {
    let share = |scene: &Scene| scene.take(16).addr() >> 15 == scene.take(48).addr() >> 15;
    assert_eq!(shown(Off::STARTERS, share), (true, false));
}

#[test]
fn without_cold_threads_the_second_has_a_heap_at_once() {
    let has_heap = |scene: &Scene| {
        scene.take(16);
        assert!(!scene.allocator.take_slow(&scene.two, 16).is_null());
        scene.two.is_warm()
    };
    assert_eq!(shown(Off::COLD_THREADS, has_heap), (false, true));
}

#[test]
fn without_growth_magazines_stay_small() {
    let kept = |scene: &Scene| {
        for _ in 0..8 {
            let blocks: Vec<_> = (0..1000).map(|_| scene.take(64)).collect();
            blocks.into_iter().for_each(|block| scene.give(block));
        }
        scene.audit().magazine_blocks
    };
    let (grown, fixed) = shown(Off::GROWTH, kept);
    assert!(grown > 100 && fixed <= 14, "{grown} and {fixed} blocks kept");
}

#[test]
fn without_reserve_no_slab_is_held_in_advance() {
    let held = |scene: &Scene| {
        for _ in 0..1000 {
            scene.take(1000);
        }
        scene.allocator.stats().cached
    };
    let (held, none) = shown(Off::RESERVE, held);
    assert!(held > 0 && none == 0, "{held} and {none} bytes held");
}

#[test]
fn without_packing_every_block_has_a_room() {
    let close = |scene: &Scene| {
        let blocks: Vec<_> = (0..300).map(|_| scene.take(9216).addr()).collect();
        blocks.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) == 9216).count()
    };
    let (packed, rooms) = shown(Off::PACKING, close);
    assert!(packed > 50 && rooms == 0, "{packed} and {rooms} neighbours");
}

#[test]
fn without_remap_a_large_block_is_copied() {
    let remaps = |scene: &Scene| {
        let block = scene.take(4 * MIB);
        // SAFETY: the block is ours, and that long.
        unsafe { block.write_bytes(7, 4 * MIB) };
        let grown = resize(&scene.allocator, &scene.one, block, 16 * MIB).expect("a live block");
        // SAFETY: as above; the old contents came along.
        assert!(unsafe { core::slice::from_raw_parts(grown, 4 * MIB) }.iter().all(|&byte| byte == 7));
        let twice = |fault: Fault| fault.kind == FaultKind::DoubleFree;
        assert!(grown == block || scene.try_give(&scene.one, block).is_err_and(twice), "the old address is remembered");
        scene.allocator.provider().below().below().remaps()
    };
    assert_eq!(shown(Off::REMAP, remaps), (1, 0));
}
