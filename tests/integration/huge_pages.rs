//! Huge pages are asked for when a heap is large or grows fast, and not before, and not where a setting
//! forbids it.

use hakmem_core::config::settings::Settings;
use hakmem_core::{Front, PageProvider};
use hakmem_tests::scene::Scene;

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
    // Address space is made usable in doubling steps.
    assert!((EARNED..=4 * EARNED).contains(&asked), "{asked} bytes");
}

#[test]
fn a_heap_that_grows_fast_earns_them_earlier() {
    let scene = Scene::new(4 << 30);
    assert_eq!(asked_for(&scene, EARNED_FAST - MIB, 1), 0);
    let asked = asked_for(&scene, 8 * EARNED_FAST, 1);
    assert!((7 * EARNED_FAST..=16 * EARNED_FAST).contains(&asked), "{asked} bytes");
}

#[test]
fn a_setting_forbids_them() {
    let scene = Scene::new(4 << 30);
    scene.allocator.configure(&Front::new(), &Settings { huge_pages: false, ..Settings::new() });
    assert_eq!(asked_for(&scene, 2 * EARNED, 0), 0);
}
