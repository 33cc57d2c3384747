//! More threads than their processors can run share heaps, and keep less. The provider here knows of one processor.

#![allow(unsafe_code, reason = "plays a fork, audits")]

use hakmem_core::{Allocator, Front};
use hakmem_tests::providers::{Clocked, LinuxPages};
use hakmem_tests::scene::{Scene, after_fork, end, give, new_front, take};

const MIB: usize = 1 << 20;
/// Threads that have heaps of their own, on one processor.
const OWNERS: usize = 8;
const THREADS: usize = 64;

/// A thread that takes a thousand blocks and gives them back, again and again.
fn works(scene: &Scene, front: &Front) {
    for _ in 0..8 {
        let blocks: Vec<_> = (0..1000).map(|_| take(&scene.allocator, front, 256)).collect();
        blocks.into_iter().for_each(|block| give(&scene.allocator, front, block));
    }
}

fn crowd(scene: &Scene, threads: usize) -> Vec<Front> {
    let fronts: Vec<_> = (0..threads).map(|_| new_front()).collect();
    fronts.iter().for_each(|front| works(scene, front));
    fronts
}

fn owners(fronts: &[Front]) -> usize {
    fronts.iter().filter(|front| front.is_warm()).count()
}

#[test]
fn eight_threads_a_processor_have_heaps_of_their_own() {
    let scene = Scene::new(256 * MIB);
    // Twice: who ends leaves room for another.
    for _ in 0..2 {
        let fronts = crowd(&scene, THREADS);
        assert_eq!(owners(&fronts), OWNERS);
        scene.audit();
        let heaps = scene.allocator.stats().heaps;
        assert!(heaps < 2 * OWNERS as u64, "{heaps} heaps");
        fronts.iter().for_each(|front| end(&scene.allocator, front));
        scene.audit();
    }
}

#[test]
fn a_child_of_a_fork_begins_with_one_owner() {
    let scene = Scene::new(256 * MIB);
    let fronts = crowd(&scene, OWNERS);
    assert_eq!(owners(&fronts), OWNERS);
    scene.allocator.before_fork(&fronts[0]);
    after_fork(&scene.allocator, &fronts[0], true).expect("nothing was given back meanwhile");
    // In the child only the thread that forked goes on.
    assert_eq!(owners(&crowd(&scene, OWNERS)), OWNERS - 1);
}

#[test]
fn magazines_of_a_crowd_hold_no_more_than_those_of_a_few() {
    let kept = |threads| {
        let scene = Scene::new(256 * MIB);
        let fronts = crowd(&scene, threads);
        // Those that came first began alone: they are asked to go.
        fronts[..threads / 2].iter().for_each(|front| end(&scene.allocator, front));
        scene.audit().magazine_blocks
    };
    let (few, many) = (kept(8), kept(THREADS));
    assert!(few > 4 * 100 && many < 2 * few, "{few} blocks kept by 4 threads, {many} by {}", THREADS / 2);
}

/// A thread that sleeps gives nothing back any more: where there are many, what each keeps counts. One that goes on pays
/// for that once a second at most.
#[test]
fn one_of_many_keeps_little_when_it_has_given_back_what_it_had() {
    let allocator = Allocator::new(Clocked::new(LinuxPages::new()));
    // 2.5 MB of all sizes up to 2 KiB.
    let burst = |front: &Front| {
        let blocks: Vec<_> = (0..2500).map(|number| take(&allocator, front, 16 + number * 7919 % 2000)).collect();
        blocks.into_iter().for_each(|block| give(&allocator, front, block));
        // SAFETY: one real thread.
        unsafe { allocator.audit() }.expect("every invariant holds").magazine_blocks
    };
    let fronts: Vec<_> = (0..12).map(|_| new_front()).collect();
    let (few, many) = fronts.split_at(4);
    allocator.provider().set_ms(10_000);
    let by_few = few.iter().map(burst).last().unwrap_or(0);
    let by_all = many.iter().map(burst).last().unwrap_or(0);
    assert!(by_few > 4 * 200 && by_all < by_few + 8 * 80, "few keep {by_few}, all {by_all}");
    allocator.provider().set_ms(10_500);
    let again = many.iter().map(burst).last().unwrap_or(0);
    assert!(again > by_all + 8 * 200, "they go on: {again}");
    allocator.provider().set_ms(11_000);
    let rested = many.iter().map(burst).last().unwrap_or(0);
    assert!(rested < by_few + 8 * 80, "a second later they fall again: {rested}");
}
