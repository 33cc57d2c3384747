//! Huge pages are asked for when a heap is large, and not before, and not where a setting forbids it.

use hakmem_core::Front;
use hakmem_core::config::settings::Settings;
use hakmem_tests::scene::Scene;

const MIB: usize = 1 << 20;
/// Where they begin.
const EARNED: usize = 128 * MIB;

/// Bytes of huge pages that a heap asked for that grew by blocks of 1,000 bytes.
fn asked_for(scene: &Scene, bytes: usize) -> usize {
    let blocks: Vec<_> = (0..bytes / 1000).map(|_| scene.take(1000)).collect();
    let asked = scene.allocator.provider().below().huge_bytes();
    blocks.into_iter().for_each(|block| scene.give(block));
    scene.audit();
    asked
}

#[test]
fn a_heap_earns_them() {
    let scene = Scene::new(4 << 30);
    assert_eq!(asked_for(&scene, EARNED - 8 * MIB), 0);
    let asked = asked_for(&scene, 2 * EARNED);
    // Address space is made usable in doubling steps.
    assert!((EARNED..=4 * EARNED).contains(&asked), "{asked} bytes");
}

#[test]
fn a_setting_forbids_them() {
    let scene = Scene::new(4 << 30);
    scene.allocator.configure(&Front::new(), &Settings { huge_pages: false, ..Settings::new() });
    assert_eq!(asked_for(&scene, 2 * EARNED), 0);
}
