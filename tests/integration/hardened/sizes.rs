//! `sizes`: a free that says how long its block is may be wrong in every way, and never where it is right.

#![allow(unsafe_code, reason = "frees with classes that are wrong")]

use hakmem_core::seam::SizeClass;
use hakmem_core::{Fault, FaultKind, Harden, Settings};
use hakmem_tests::scene::{Scene, resize, take_sized};

const MIB: usize = 1 << 20;

fn scene(harden: Harden, guard_rate: u32) -> Scene {
    let scene = Scene::new(64 << 20);
    scene.allocator.configure(
        &scene.one,
        &Settings::new().with(|settings| {
            settings.harden = harden;
            settings.guard_rate = guard_rate;
            settings.guard_slots = 16;
        }),
    );
    scene
}

/// Every measure that goes with it, and guarded blocks or none.
fn scenes() -> impl Iterator<Item = (Scene, bool)> {
    let sets = [Harden::SIZES, Harden::SIZES | Harden::QUARANTINE, Harden::all()];
    sets.into_iter().flat_map(|harden| [(scene(harden, 0), false), (scene(harden, 1), true)])
}

fn sizes() -> impl Iterator<Item = usize> {
    let some =
        [1500, 2048, 4096, 5000, 8191, 8193, 9000, 20_000, 40_000, 262_144, 262_145, 300_000, MIB, MIB + 1, 3 * MIB];
    (0..=300).chain((300..1200).step_by(13)).chain(some)
}

#[test]
fn a_right_size_and_alignment_is_never_told() {
    for (scene, _) in scenes() {
        for bytes in sizes() {
            for align in [1, 8, 16, 64, 1024, 4096, 32 << 10, 64 << 10, 2 * MIB] {
                let block = scene.allocator.take_aligned(&scene.one, bytes, align);
                assert_eq!(scene.allocator.check_size(block, bytes, align), Ok(()), "{bytes} {align}");
                scene.give(block);
            }
        }
        scene.audit();
    }
}

#[test]
fn what_realloc_made_of_a_block_is_its_size() {
    for (scene, _) in scenes() {
        for first in [16, 48, 500, 5000, 20_000, 300_000, 3 * MIB] {
            let mut block = scene.take(first);
            for bytes in [first - 1, first * 3 / 4, first * 2, first / 2 + 1, first / 5, first] {
                block = resize(&scene.allocator, &scene.one, block, bytes).expect("a live block");
                assert_eq!(scene.allocator.check_size(block, bytes, 1), Ok(()), "{first} {bytes}");
            }
            scene.give(block);
        }
    }
}

#[test]
fn a_wrong_size_is_told_and_changes_nothing() {
    for (scene, is_guarded) in scenes() {
        for bytes in sizes().filter(|&bytes| bytes > 0) {
            let block = scene.take(bytes);
            let usable = scene.allocator.usable(block).expect("a live block");
            let fault = Fault::at(FaultKind::WrongSize, block.addr()).in_block(usable);
            let before = scene.audit();
            let mut wrong = vec![usable + 1, usable * 2, usable + MIB, usize::MAX];
            if usable > 32 {
                wrong.extend([0, 1, usable / 3, usable / 2]);
            }
            if is_guarded {
                assert_eq!(usable, bytes);
                wrong.extend([bytes - 1, bytes + 1]);
            }
            for wrong in wrong {
                assert_eq!(scene.allocator.check_size(block, wrong, 1), Err(fault), "{bytes} as {wrong}");
            }
            assert_eq!(scene.audit(), before);
            scene.give(block);
        }
    }
}

#[test]
fn what_is_no_live_block_is_no_matter_of_it() {
    for (scene, _) in scenes() {
        let block = scene.take(1000);
        let inner = block.wrapping_add(16);
        scene.give(block);
        for pointer in [block, inner, core::ptr::null_mut(), core::ptr::without_provenance_mut(4096)] {
            assert_eq!(scene.allocator.check_size(pointer, 7, 1), Ok(()));
        }
    }
}

#[test]
fn without_the_measure_nobody_looks() {
    for scene in [scene(Harden::empty(), 0), scene(Harden::all() - Harden::SIZES, 0), scene(Harden::empty(), 1)] {
        let block = scene.take(1000);
        assert_eq!(scene.allocator.check_size(block, 1, 1), Ok(()));
        scene.give(block);
    }
}

#[test]
fn a_wrong_class_of_a_sized_free_is_told() {
    let scene = scene(Harden::SIZES, 0);
    let (right, wrong) = (SizeClass::of(100), SizeClass::of(1000));
    let block = take_sized(&scene.allocator, &scene.one, right);
    // SAFETY: the class is wrong, which the measure is for.
    let fault = unsafe { scene.allocator.give_sized(&scene.one, wrong, block) }.expect_err("a misuse");
    assert_eq!((fault.kind, fault.address), (FaultKind::WrongSize, block.addr()));
    // SAFETY: taken for this class.
    unsafe { scene.allocator.give_sized(&scene.one, right, block) }.expect("a live block is taken back");
    scene.audit();
}
