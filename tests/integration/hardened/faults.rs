//! Writes after free are found, where and by whom is said; what waits is free for everybody but us.

#![allow(unsafe_code, reason = "writes where no client may")]

use std::cell::RefCell;

use hakmem_core::seam::SizeClass;
use hakmem_core::{Fault, FaultKind, Finder, Harden, Settings};
use hakmem_tests::scene::{Scene, resize, take_sized};

const SIZES: [usize; 9] = [8, 16, 48, 1000, 1100, 5000, 9000, 20_000, 200_000];
const RUN: usize = 300_000;
const LARGE: usize = 2 << 20;

thread_local! {
    static FOUND: RefCell<Vec<(Fault, Finder)>> = const { RefCell::new(Vec::new()) };
}

fn found() -> Vec<(Fault, Finder)> {
    FOUND.take()
}

fn scene(harden: Harden) -> Scene {
    let scene = Scene::new(64 << 20);
    // SAFETY: the vector is of the process's allocator.
    unsafe {
        scene.allocator.on_written(|fault, finder| FOUND.with_borrow_mut(|found| found.push((*fault, finder))));
    }
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.harden = harden));
    scene
}

fn contents(block: *mut u8, bytes: usize) -> Vec<u8> {
    // SAFETY: callers name blocks of the scene, whose memory stays.
    unsafe { core::slice::from_raw_parts(block, bytes) }.to_vec()
}

/// Takes blocks until this one comes again; the others go back.
fn take_again(scene: &Scene, bytes: usize, block: *mut u8) {
    let mut others = Vec::new();
    loop {
        let next = scene.take(bytes);
        if next == block {
            break;
        }
        others.push(next);
        assert!(others.len() < 10_000, "{block:p} never comes again");
    }
    others.into_iter().for_each(|other| scene.give(other));
}

#[test]
fn freed_blocks_are_cleared_or_filled() {
    for (harden, byte) in [(Harden::ZERO, 0), (Harden::JUNK, 0xDF), (Harden::FILLS, 0)] {
        for bytes in SIZES.into_iter().chain([RUN]) {
            let scene = scene(harden);
            let (block, _neighbour) = (scene.take(bytes), scene.take(bytes));
            let usable = scene.allocator.usable(block).expect("a live block");
            if harden.contains(Harden::JUNK) {
                assert!(contents(block, usable).iter().all(|&byte| byte == 0xA5), "{bytes} new bytes are junk");
            }
            // SAFETY: a live block of ours.
            unsafe { block.write_bytes(0x77, usable) };
            scene.give(block);
            assert!(contents(block, usable).iter().all(|&found| found == byte), "{bytes} freed bytes are {byte}");
        }
    }
    assert_eq!(found(), []);
}

#[test]
fn blocks_that_a_late_thread_frees_are_cleared() {
    let scene = scene(Harden::ZERO);
    scene.allocator.end_thread(&scene.two).expect("nothing was freed twice");
    for bytes in SIZES {
        let block = scene.take(bytes);
        // SAFETY: a live block of ours.
        unsafe { block.write_bytes(0x77, bytes) };
        scene.try_give(&scene.two, block).expect("a live block");
        assert!(contents(block, bytes).iter().all(|&found| found == 0), "{bytes}");
    }
    scene.audit();
}

#[test]
fn what_realloc_leaves_is_cleared() {
    let scene = scene(Harden::ZERO);
    for (bytes, fewer, kept) in [(48, 500, 0), (100_000, 20_000, 0), (900_000, 400_000, 401_408)] {
        let block = scene.take(bytes);
        let usable = scene.allocator.usable(block).expect("a live block");
        // SAFETY: a live block of ours.
        unsafe { block.write_bytes(0x77, usable) };
        let moved = resize(&scene.allocator, &scene.one, block, fewer).expect("a live block");
        assert_eq!(moved == block, kept > 0, "{bytes} to {fewer}");
        assert!(contents(block, usable)[kept..].iter().all(|&found| found == 0), "{bytes} to {fewer}");
        assert!(contents(moved, fewer.min(bytes)).iter().all(|&found| found == 0x77), "{bytes} to {fewer}");
        scene.give(moved);
    }
    assert_eq!(found(), []);
}

#[test]
fn a_write_after_free_is_found_when_the_block_is_handed_out() {
    for harden in [Harden::ZERO, Harden::JUNK, Harden::FILLS] {
        for bytes in SIZES {
            for at in [0, bytes / 2, bytes - 1] {
                let scene = scene(harden);
                let (block, _neighbour) = (scene.take(bytes), scene.take(bytes));
                let usable = scene.allocator.usable(block).expect("a live block");
                scene.give(block);
                // SAFETY: no client may, but the memory is there.
                unsafe { *block.add(at) ^= 0x40 };
                take_again(&scene, bytes, block);
                let fault = Fault::at(FaultKind::WrittenAfterFree, block.addr() + at).in_block(usable);
                assert_eq!(found(), [(fault, Finder::Take)], "byte {at} of {bytes}, {harden:?}");
                scene.audit();
            }
        }
    }
}

#[test]
fn a_write_after_free_is_found_when_the_slab_goes() {
    for bytes in [48, 1000, 9000, 200_000] {
        let scene = scene(Harden::JUNK);
        let block = scene.take(bytes);
        scene.give(block);
        // SAFETY: no client may, but the memory is there.
        unsafe { *block.add(7) = 1 };
        scene.allocator.trim(&scene.one);
        assert_eq!(found().first().map(|found| (found.0.address, found.1)), Some((block.addr() + 7, Finder::Give)));
        assert_eq!(scene.audit().spans, 0);
    }
}

#[test]
fn a_write_after_free_is_found_when_the_block_leaves_the_quarantine() {
    for bytes in SIZES.into_iter().chain([RUN]) {
        let scene = scene(Harden::JUNK | Harden::QUARANTINE);
        let block = scene.take(bytes);
        scene.give(block);
        // SAFETY: no client may, but the memory is there.
        unsafe { *block = 1 };
        let other = scene.take(100_000);
        assert_eq!(found(), [], "it waits");
        let many: Vec<_> = (0..40).map(|_| scene.take(100_000)).collect();
        many.into_iter().for_each(|block| scene.give(block));
        let all = found();
        assert_eq!(
            all.iter().map(|found| (found.0.address, found.1)).next(),
            Some((block.addr(), Finder::Give)),
            "{bytes}"
        );
        scene.give(other);
        scene.audit();
    }
}

/// A program in Rust says the class, and the live map is not asked.
#[test]
fn blocks_of_a_said_class_are_looked_at_too() {
    let class = SizeClass::of(48);
    let scene = scene(Harden::JUNK | Harden::QUARANTINE);
    let take = || take_sized(&scene.allocator, &scene.one, class);
    // SAFETY: taken so, and, once, not any more.
    let give = |block| unsafe { scene.allocator.give_sized(&scene.one, class, block) };
    let (block, _neighbour) = (take(), take());
    assert!(contents(block, 48).iter().all(|&byte| byte == 0xA5));
    give(block).expect("a live block");
    assert!(contents(block, 48).iter().all(|&byte| byte == 0xDF));
    let kind = |given: Result<(), Fault>| given.expect_err("a misuse").kind;
    assert_eq!(kind(give(block)), FaultKind::DoubleFree);
    assert_eq!(kind(give(block.wrapping_add(16))), FaultKind::InnerPointer);
    assert_eq!(kind(give(block.wrapping_add(3))), FaultKind::Misaligned);
    assert_eq!(kind(give(scene.take(500))), FaultKind::WrongSize);
    // SAFETY: no client may, but the memory is there.
    unsafe { *block = 1 };
    scene.allocator.trim(&scene.one);
    assert_eq!(found().first().map(|found| found.0.address), Some(block.addr()));
}

#[test]
fn what_waits_is_free_and_not_handed_out() {
    for harden in [Harden::QUARANTINE, Harden::QUARANTINE | Harden::FILLS, Harden::all()] {
        for bytes in SIZES.into_iter().chain([RUN, LARGE]) {
            let scene = scene(harden);
            let block = scene.take(bytes);
            scene.give(block);
            for _ in 0..50 {
                let next = scene.take(bytes);
                assert_ne!(next, block, "{bytes} bytes wait");
                let fault = scene.try_give(&scene.one, block).expect_err("a double free");
                assert_eq!((fault.kind, fault.address), (FaultKind::DoubleFree, block.addr()));
                let fault = scene.try_give(&scene.two, block).expect_err("a double free");
                assert_eq!((fault.kind, fault.address), (FaultKind::DoubleFree, block.addr()));
                assert!(scene.allocator.usable(block).is_err_and(|fault| fault.kind == FaultKind::DoubleFree));
            }
            let waits = scene.audit().waiting_blocks;
            assert_eq!(waits, u64::from(bytes != LARGE), "{bytes}");
            scene.allocator.trim(&scene.one);
            assert_eq!((scene.audit().waiting_blocks, scene.allocator.stats().large_cached), (0, 0));
        }
    }
    assert_eq!(found(), []);
}

#[test]
fn the_quarantine_has_its_bounds() {
    let scene = scene(Harden::QUARANTINE);
    for bytes in [100, 5_000, 100_000, RUN] {
        for _ in 0..6_000_000 / bytes {
            scene.give(scene.take(bytes));
            scene.take(bytes);
        }
        let waits = scene.audit().waiting_blocks;
        let most = (1 << 20) / scene.allocator.usable(scene.take(bytes)).expect("a live block") as u64;
        assert_eq!(waits, most.min(4096), "blocks of {bytes} bytes");
    }
    scene.allocator.end_thread(&scene.one).expect("nothing was freed twice");
    assert_eq!(scene.audit().waiting_blocks, 0, "they go with their thread");
}

#[test]
fn large_blocks_wait_as_addresses() {
    let scene = scene(Harden::QUARANTINE);
    let blocks: Vec<_> = (0..40).map(|_| scene.take(LARGE)).collect();
    blocks.iter().for_each(|&block| scene.give(block));
    let stats = scene.allocator.stats();
    assert_eq!((stats.large, stats.large_cached), (16 * LARGE as u64, 0), "{stats:?}");
    assert!(stats.adds_up());
    scene.audit();
    scene.allocator.trim(&scene.one);
    assert_eq!(scene.allocator.stats().large, 0);
}

#[test]
fn where_memory_is_out_what_waits_is_let_go() {
    let scene = scene(Harden::QUARANTINE | Harden::ZERO);
    let runs: Vec<_> = (0..3).map(|_| scene.take(RUN)).collect();
    let others: Vec<_> = (0..500).map(|_| scene.take(900_000)).collect();
    runs.iter().for_each(|&run| scene.give(run));
    assert_eq!(scene.audit().waiting_blocks, 3);
    scene.allocator.provider().below().below().refuse_from(1);
    let mut taken = 0;
    while !scene.allocator.take_slow(&scene.one, RUN).is_null() {
        taken += 1;
        assert!(taken < 10_000);
    }
    assert!(taken >= 3);
    assert_eq!(scene.audit().waiting_blocks, 0);
    others.into_iter().for_each(|block| scene.give(block));
    assert_eq!(found(), []);
}
