//! Guarded blocks that no slot has room for, and those of 0 bytes: every size and alignment between shut pages, all
//! figures, what stays shut and for how long.

#![allow(unsafe_code, reason = "writes blocks, looks at pages, audits in quiescence")]

use hakmem_core::seam::Trespass;
use hakmem_core::{Allocator, FaultKind, Settings, Sides};
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{Scene, give_slow, new_front, resize};

const ZONE: usize = 64 << 20;
const PAGE: usize = 4096;
const MIB: usize = 1 << 20;

fn scene_with(settings: Settings) -> Scene {
    let scene = Scene::new(ZONE);
    scene.allocator.configure(&scene.one, &settings.with(|settings| settings.guard_rate = 1));
    scene
}

fn scene(slots: u32) -> Scene {
    scene_with(Settings::new().with(|settings| settings.guard_slots = slots))
}

fn faulty(scene: &Scene) -> &Faulty<LinuxPages> {
    scene.allocator.provider().below().below()
}

fn is_guarded(scene: &Scene, block: *mut u8) -> bool {
    scene.allocator.sight(block.addr()).is_some_and(|sight| sight.slot.is_live() && sight.block == block.addr())
}

/// True if an address can be read: the kernel is asked, so that nobody dies of it.
fn is_open(address: usize) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("this is Linux");
    let number = |text: &str| usize::from_str_radix(text, 16).expect("an address");
    maps.lines().any(|line| {
        let (range, rest) = line.split_once(' ').expect("a range and more");
        let (start, end) = range.split_once('-').expect("a range");
        (number(start)..number(end)).contains(&address) && rest.starts_with('r')
    })
}

#[test]
fn every_size_and_alignment_lies_between_two_shut_pages() {
    for side in [Sides::END, Sides::START] {
        let scene = scene_with(Settings::new().with(|settings| settings.guard_side = side));
        for bytes in [0, 1, 44, 4096, 16 << 10, (16 << 10) + 1, 100_000, MIB, MIB + 1, 3 * MIB + 5] {
            for align in [1, 64, PAGE, 2 * PAGE, 64 << 10, 2 * MIB, 16 * MIB] {
                let block = scene.allocator.take_aligned_zeroed(&scene.one, bytes, align);
                assert!(is_guarded(&scene, block), "{side:?} {bytes} {align}");
                assert!(block.addr().is_multiple_of(align.max(if bytes <= 8 { 8 } else { 16 })));
                assert_eq!(scene.allocator.usable(block), Ok(bytes));
                // SAFETY: so long.
                let all = unsafe { core::slice::from_raw_parts_mut(block, bytes) };
                assert!(all.iter().all(|&byte| byte == 0), "{bytes} {align}");
                all.fill(0xEE);
                let (before, behind) = if bytes == 0 {
                    (block.addr() - 1, block.addr())
                } else {
                    let first = block.addr() / PAGE * PAGE;
                    (first - 1, (block.addr() + bytes).next_multiple_of(PAGE))
                };
                assert!(!is_open(before) && !is_open(behind), "{side:?} {bytes} {align}");
                if side == Sides::START {
                    assert_eq!(before + 1, block.addr(), "{bytes} {align}");
                } else if align < PAGE {
                    assert!(behind - (block.addr() + bytes) < align.max(16), "{bytes} {align}");
                }
                scene.give(block);
                assert!(!is_open(block.addr()), "{bytes} {align}");
                assert_eq!(scene.audit().live_blocks, 0);
            }
        }
    }
}

#[test]
fn which_end_is_shut_follows_the_setting() {
    let ends = |settings: Settings| {
        let scene = Scene::new(ZONE);
        scene.allocator.configure(&scene.one, &settings);
        let blocks = (0..64).map(|_| scene.allocator.take_slow(&scene.one, 100_000));
        let guarded: Vec<_> = blocks.filter(|&block| is_guarded(&scene, block)).collect();
        assert!(guarded.len() > 8);
        (guarded.iter().filter(|block| !block.addr().is_multiple_of(PAGE)).count(), guarded.len())
    };
    let one = Settings::new().with(|settings| settings.guard_rate = 1);
    let two = Settings::new().with(|settings| settings.guard_rate = 2);
    assert_eq!(ends(one), (64, 64), "every block is guarded: at the end");
    assert_eq!(ends(one.with(|settings| settings.guard_side = Sides::START)), (0, 64));
    for settings in [two, one.with(|settings| settings.guard_side = Sides::all())] {
        let (at_end, of) = ends(settings);
        assert!(at_end > 2 && at_end < of - 2, "{at_end} of {of}");
    }
}

#[test]
fn a_large_block_stays_shut_until_its_slot_is_used_again() {
    let scene = scene(4);
    let block = scene.take(MIB);
    // SAFETY: so long.
    unsafe { block.write_bytes(1, MIB) };
    scene.give(block);
    for _ in 0..3 {
        let seen = scene.allocator.sight(block.addr() + 12345).expect("its plot is kept");
        assert_eq!((seen.trespass, seen.block, seen.slot.bytes()), (Trespass::UseAfterFree, block.addr(), MIB));
        assert!(!is_open(block.addr()));
        assert_eq!(scene.try_give(&scene.two, block).map_err(|fault| fault.kind), Err(FaultKind::DoubleFree));
        let other = scene.take(48);
        scene.give(other);
    }
    let reserved = faulty(&scene).reserved();
    let other = scene.take(48);
    assert!(scene.allocator.sight(block.addr()).is_none() && faulty(&scene).reserved() < reserved - MIB);
    scene.give(other);
    scene.audit();
}

#[test]
fn what_is_touched_beside_a_large_block_is_named() {
    let scene = scene(8);
    for bytes in [0, 20_000, 300_000, 5 * MIB] {
        let block = scene.take(bytes);
        let end = block.addr() + bytes;
        let seen = |address: usize| scene.allocator.sight(address).map(|sight| (sight.trespass, sight.block));
        assert_eq!(seen(end.next_multiple_of(16)), Some((Trespass::Overflow, block.addr())), "{bytes}");
        assert_eq!(seen(block.addr() - PAGE), Some((Trespass::Underflow, block.addr())), "{bytes}");
        scene.give(block);
        assert_eq!(seen(block.addr() + bytes / 2), Some((Trespass::UseAfterFree, block.addr())), "{bytes}");
    }
}

#[test]
fn every_wrong_pointer_to_a_large_block_is_told() {
    let scene = scene(16);
    for bytes in [0, 20_000, 2 * MIB] {
        let block = scene.take(bytes);
        let expect = |pointer: *mut u8, kind, bytes| {
            let before = scene.audit();
            let fault = scene.try_give(&scene.two, pointer).expect_err("a misuse");
            assert_eq!((fault.kind, fault.address, fault.block_bytes), (kind, pointer.addr(), bytes));
            let fault = scene.allocator.usable(pointer).expect_err("a misuse");
            assert_eq!((fault.kind, fault.block_bytes), (kind, bytes));
            assert_eq!(scene.audit(), before, "a fault changes nothing");
        };
        if bytes > 0 {
            expect(block.wrapping_add(1), FaultKind::InnerPointer, bytes);
            expect(block.wrapping_add(bytes - 1), FaultKind::InnerPointer, bytes);
        }
        expect(block.wrapping_add(bytes + 32), FaultKind::Stale, 0);
        expect(block.wrapping_sub(PAGE), FaultKind::Stale, 0);
        scene.give(block);
        expect(block, FaultKind::DoubleFree, bytes);
        expect(block.wrapping_add(16), FaultKind::Stale, 0);
    }
}

#[test]
fn a_changed_margin_of_a_large_block_is_told() {
    for (side, place, kind) in [(Sides::END, -1, FaultKind::Underflow), (Sides::START, 100_001, FaultKind::Overflow)] {
        let scene = scene_with(Settings::new().with(|settings| settings.guard_side = side));
        let block = scene.take(100_001);
        let beside = block.wrapping_offset(place);
        // SAFETY: the block's page goes on there.
        let before = unsafe { beside.replace(0) };
        let fault = scene.try_give(&scene.one, block).expect_err("a misuse");
        assert_eq!((fault.kind, fault.address, fault.block_bytes), (kind, block.addr(), 100_001));
        assert!(is_guarded(&scene, block), "it stays");
        // SAFETY: as above.
        unsafe { beside.write(before) };
        scene.give(block);
    }
}

#[test]
fn what_is_live_is_in_the_figures_and_they_add_up() {
    let scene = scene(8);
    let blocks: Vec<_> = (0..20).map(|number| scene.take(20_000 + number)).collect();
    assert_eq!(blocks.iter().filter(|&&block| is_guarded(&scene, block)).count(), 8, "slots are one number for all");
    let stats = scene.allocator.stats();
    assert_eq!(stats.guarded, 8 * 5 * PAGE as u64);
    assert!(stats.adds_up(), "{stats:?}");
    assert_eq!(scene.audit().live_blocks, 20);
    blocks.into_iter().for_each(|block| scene.give(block));
    assert_eq!((scene.allocator.stats().guarded, scene.audit().live_blocks), (0, 0));
}

#[test]
fn addresses_that_stay_shut_are_bounded_and_trimming_gives_them_back() {
    let scene = scene(64);
    let before = faulty(&scene).reserved();
    for round in 0..40 {
        let block = scene.take(100 * MIB + round);
        assert!(is_guarded(&scene, block));
        scene.give(block);
        let kept = faulty(&scene).reserved() - before;
        assert!(kept < 620 * MIB, "{kept} bytes in round {round}");
        scene.audit();
    }
    // One that is larger than all that may be kept goes at once.
    let block = scene.take(600 * MIB);
    scene.give(block);
    assert!(scene.allocator.sight(block.addr()).is_none());
    let block = scene.take(10 * MIB);
    scene.give(block);
    scene.allocator.trim(&scene.one);
    assert!(faulty(&scene).reserved() - before < MIB);
    scene.audit();
}

/// Half the process's addresses lie in plots that are shut; the next block wants them.
#[test]
fn where_addresses_are_out_what_was_shut_goes_first() {
    let allocator = Allocator::new(Narrow::new(LinuxPages::new(), 8 * MIB, 300 * MIB));
    let front = new_front();
    allocator.configure(&front, &Settings::new().with(|settings| settings.guard_rate = 1));
    for _ in 0..100 {
        let block = allocator.take_slow(&front, 60 * MIB);
        assert!(!block.is_null());
        give_slow(&allocator, &front, block).expect("a live block is taken back");
    }
    // SAFETY: one thread.
    unsafe { allocator.audit() }.expect("every invariant holds");
}

#[test]
fn a_large_block_whose_pages_are_refused_is_not_guarded_and_nothing_is_lost() {
    for bytes in [20_000, 3 * MIB] {
        for number in 1..=3 {
            let scene = scene(8);
            scene.give(scene.take(bytes));
            let reserved = faulty(&scene).reserved();
            faulty(&scene).refuse_once(number);
            let block = scene.take(bytes);
            assert!(!block.is_null() && !is_guarded(&scene, block), "{bytes} {number}");
            faulty(&scene).serve();
            let other = scene.take(bytes);
            assert!(is_guarded(&scene, other), "the next one is");
            scene.give(other);
            scene.give(block);
            scene.allocator.trim(&scene.one);
            assert!(faulty(&scene).reserved() <= reserved + 4 * MIB, "{bytes} {number}");
            assert_eq!(scene.audit().live_blocks, 0);
        }
    }
}

#[test]
fn impossible_sizes_are_refused_and_cost_no_slot() {
    let scene = scene(4);
    for (bytes, align) in [(usize::MAX, 1), (isize::MAX as usize, 1), (1 << 62, 16), (1, 1 << 62)] {
        for _ in 0..10 {
            assert!(scene.allocator.take_aligned(&scene.one, bytes, align).is_null(), "{bytes} {align}");
        }
    }
    let blocks: Vec<_> = (0..4).map(|_| scene.take(50_000)).collect();
    assert!(blocks.iter().all(|&block| is_guarded(&scene, block)));
    blocks.into_iter().for_each(|block| scene.give(block));
    scene.audit();
}

#[test]
fn blocks_of_no_bytes_cost_no_memory_and_are_told_apart() {
    let scene = scene(64);
    let blocks: Vec<_> = (0..64).map(|_| scene.take(0)).collect();
    assert!(blocks.iter().all(|&block| is_guarded(&scene, block) && !is_open(block.addr())));
    let mut addresses: Vec<_> = blocks.iter().map(|block| block.addr()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 64);
    assert_eq!((scene.allocator.stats().guarded, scene.audit().live_blocks), (0, 64));
    let grown = resize(&scene.allocator, &scene.one, blocks[0], 0).expect("a live block");
    assert_eq!(grown, blocks[0]);
    blocks.into_iter().for_each(|block| scene.give(block));
    let block = scene.take(0);
    let grown = resize(&scene.allocator, &scene.one, block, 70_000).expect("a live block");
    assert!(is_guarded(&scene, grown));
    let shrunk = resize(&scene.allocator, &scene.one, grown, 0).expect("a live block");
    assert!(is_guarded(&scene, shrunk) && !is_open(shrunk.addr()));
    scene.give(shrunk);
    assert_eq!(scene.audit().live_blocks, 0);
}

#[test]
fn threads_take_large_blocks_and_others_give_them_back() {
    let allocator = Allocator::new(LinuxPages::new());
    allocator.configure(
        &new_front(),
        &Settings::new().with(|settings| {
            settings.guard_rate = 1;
            settings.guard_slots = 32;
        }),
    );
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel::<(usize, usize)>(16);
        for thread in 0..3 {
            let (allocator, sender) = (&allocator, sender.clone());
            scope.spawn(move || {
                let front = new_front();
                for round in 0..400 {
                    let bytes = [20_000, 300_000, 0, 48, 2 * MIB][(round + thread) % 5] + round;
                    let block = allocator.take_slow(&front, bytes);
                    // SAFETY: so long.
                    unsafe { block.write_bytes(bytes as u8, bytes) };
                    sender.send((block.expose_provenance(), bytes)).expect("somebody listens");
                }
                allocator.end_thread(&front).expect("no block was freed twice");
            });
        }
        drop(sender);
        let front = new_front();
        for (address, bytes) in receiver {
            let block = core::ptr::with_exposed_provenance_mut::<u8>(address);
            // SAFETY: so long, and written by who took it.
            let whole = unsafe { core::slice::from_raw_parts(block, bytes) };
            assert!(whole.iter().all(|&byte| byte == bytes as u8));
            give_slow(&allocator, &front, block).expect("a live block is taken back");
        }
        allocator.end_thread(&front).expect("no block was freed twice");
    });
    // SAFETY: the threads were joined.
    assert_eq!(unsafe { allocator.audit() }.expect("every invariant holds").live_blocks, 0);
}

#[test]
fn what_was_written_beside_a_block_in_use_is_found_without_a_free() {
    for (side, bytes, place, kind) in [
        (Sides::END, 44, -1, FaultKind::Underflow),
        (Sides::END, 44, 44, FaultKind::Overflow),
        (Sides::START, 44, 44, FaultKind::Overflow),
        (Sides::END, 100_001, -1, FaultKind::Underflow),
        (Sides::START, 3 * MIB + 5, (3 * MIB + 5) as isize, FaultKind::Overflow),
    ] {
        let scene = scene_with(Settings::new().with(|settings| settings.guard_side = side));
        let (_first, block, _last) = (scene.take(bytes), scene.take(bytes), scene.take(0));
        // SAFETY: one thread.
        let found = || unsafe { scene.allocator.find_changed() };
        assert_eq!(found(), None);
        // SAFETY: the block's page goes on there.
        unsafe { block.wrapping_offset(place).write(0) };
        let fault = found().expect("it is found");
        assert_eq!((fault.kind, fault.address, fault.block_bytes), (kind, block.addr(), bytes));
    }
    let scene = Scene::new(ZONE);
    // SAFETY: one thread.
    assert_eq!(unsafe { scene.allocator.find_changed() }, None, "where nothing is guarded nothing is found");
}

/// A block that is to shrink where no other can be had.
#[test]
fn where_memory_is_out_a_block_becomes_shorter_where_it_is() {
    for bytes in [96, 200_000] {
        let scene = scene(1);
        let block = scene.take(bytes);
        let fill: Vec<_> = (0..4).map(|_| scene.take(bytes)).collect();
        faulty(&scene).refuse_from(1);
        let mut kept = Vec::new();
        loop {
            let other = scene.allocator.take_slow(&scene.one, bytes - 8);
            if other.is_null() {
                break;
            }
            kept.push(other);
        }
        assert_eq!(resize(&scene.allocator, &scene.one, block, bytes - 8), Ok(block));
        assert_eq!(scene.allocator.usable(block), Ok(bytes - 8));
        faulty(&scene).serve();
        // SAFETY: one thread.
        assert_eq!(unsafe { scene.allocator.find_changed() }, None, "what was given up is margin");
        kept.into_iter().chain(fill).chain([block]).for_each(|block| scene.give(block));
        assert_eq!(scene.audit().live_blocks, 0);
    }
}
