//! Guarded blocks over the system's pages, and over such as refuse: all entry points, every fault, all figures.

#![allow(unsafe_code, reason = "writes beyond blocks, audits in quiescence")]

use hakmem_core::seam::Trespass;
use hakmem_core::{Allocator, FaultKind, PageProvider, Settings, Sides};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Clocked, Faulty, LinuxPages, Region};
use hakmem_tests::scene::{Scene, give_slow, new_front, resize, take_sized};

const ZONE: usize = 64 << 20;
const PAGE: usize = 4096;

fn every_block(slots: u32) -> Settings {
    Settings::new().with(|settings| {
        settings.guard_rate = 1;
        settings.guard_slots = slots;
        settings.guard_side = Sides::all();
    })
}

/// A scene where every block of the first thread is guarded while slots are free.
fn scene(slots: u32) -> Scene {
    let scene = Scene::new(ZONE);
    scene.allocator.configure(&scene.one, &every_block(slots));
    scene
}

fn is_guarded(scene: &Scene, block: *mut u8) -> bool {
    scene.allocator.sight(block.addr()).is_some_and(|sight| sight.slot.is_live() && sight.block == block.addr())
}

#[test]
fn blocks_of_all_sizes_are_guarded() {
    let scene = scene(64);
    for bytes in [0, 1, 8, 9, 16, 48, 100, 1000, 4096, 4097, 9000, 16 << 10, (16 << 10) + 1, 300_000, 9 << 20] {
        let block = scene.take(bytes);
        assert!(is_guarded(&scene, block), "{bytes}");
        assert_eq!(scene.allocator.usable(block), Ok(bytes));
        assert!(block.addr().is_multiple_of(if bytes <= 8 { 8 } else { 16 }));
        // SAFETY: so long.
        unsafe { block.write_bytes(0xEE, bytes) };
        assert_eq!(scene.audit().live_bytes, bytes as u64);
        scene.give(block);
        assert_eq!(scene.audit().live_blocks, 0);
    }
}

#[test]
fn what_is_live_is_in_the_figures_and_they_add_up() {
    let scene = scene(8);
    let blocks: Vec<_> = (0..20).map(|_| scene.take(5000)).collect();
    assert_eq!(blocks.iter().filter(|&&block| is_guarded(&scene, block)).count(), 8);
    let stats = scene.allocator.stats();
    assert_eq!(stats.guarded, 8 * 2 * PAGE as u64);
    assert!(stats.adds_up(), "{stats:?}");
    assert_eq!(scene.audit().live_blocks, 20);
    blocks.into_iter().for_each(|block| scene.give(block));
    assert_eq!((scene.allocator.stats().guarded, scene.audit().live_blocks), (0, 0));
}

#[test]
fn a_block_stays_shut_until_all_others_were_used() {
    let scene = scene(16);
    let first = scene.take(100);
    scene.give(first);
    let slot_of = |pointer: *mut u8| scene.allocator.sight(pointer.addr()).expect("a slot").slot as *const _;
    let slot = slot_of(first);
    for _ in 0..15 {
        let block = scene.take(100);
        assert_ne!(slot_of(block), slot);
        scene.give(block);
    }
    assert_eq!(slot_of(scene.take(100)), slot, "the one freed first is the next");
}

#[test]
fn cleared_and_aligned_blocks_are_what_was_asked() {
    let scene = scene(4);
    for round in 0..20 {
        for (bytes, align) in [(100, 1), (100, 64), (3000, 1024), (5000, 4096), (1, 4096)] {
            let block = scene.allocator.take_aligned_zeroed(&scene.one, bytes, align);
            assert!(is_guarded(&scene, block) && block.addr().is_multiple_of(align), "{round} {bytes} {align}");
            // SAFETY: so long.
            let cleared = unsafe { core::slice::from_raw_parts(block, bytes) };
            assert!(cleared.iter().all(|&byte| byte == 0));
            // SAFETY: as above.
            unsafe { block.write_bytes(0xEE, bytes) };
            // Pages that the provider keeps are not zero the next time.
            scene.allocator.provider().below().below().keep(round % 2 == 1);
            scene.give(block);
        }
    }
}

#[test]
fn a_block_that_is_resized_moves() {
    let scene = scene(16);
    let block = scene.take(100);
    // SAFETY: so long.
    unsafe { block.write_bytes(7, 100) };
    let moved = resize(&scene.allocator, &scene.one, block, 3000).expect("a live block");
    assert!(moved != block && is_guarded(&scene, moved));
    // SAFETY: so long, and copied.
    assert!(unsafe { core::slice::from_raw_parts(moved, 100) }.iter().all(|&byte| byte == 7));
    let sight = scene.allocator.sight(block.addr()).expect("a slot");
    assert_eq!((sight.trespass, sight.block, sight.slot.bytes()), (Trespass::UseAfterFree, block.addr(), 100));
    let moved = resize(&scene.allocator, &scene.one, moved, 1 << 20).expect("a live block");
    assert!(is_guarded(&scene, moved));
    let shrunk = resize(&scene.allocator, &scene.one, moved, (1 << 20) - 1).expect("a live block");
    assert!(shrunk != moved && is_guarded(&scene, shrunk), "a block ends where its shut page begins");
    assert_eq!(resize(&scene.allocator, &scene.one, shrunk, (1 << 20) - 1), Ok(shrunk));
    let moved = shrunk;
    let back = resize(&scene.allocator, &scene.one, moved, 100).expect("a live block");
    assert!(is_guarded(&scene, back));
    scene.give(back);
    assert_eq!(scene.audit().live_blocks, 0);
}

#[test]
fn another_thread_and_a_thread_that_ended_give_back() {
    let scene = scene(16);
    let blocks: Vec<_> = (0..4).map(|_| scene.take(100)).collect();
    scene.try_give(&scene.two, blocks[0]).expect("a live block is taken back");
    scene.give(blocks[1]);
    scene.allocator.end_thread(&scene.one).expect("no block was freed twice");
    scene.try_give(&scene.two, blocks[2]).expect("a live block is taken back");
    scene.try_give(&scene.one, blocks[3]).expect("a live block is taken back");
    assert_eq!(scene.audit().live_blocks, 0);
}

#[test]
fn every_wrong_pointer_is_told() {
    let scene = scene(16);
    let (_first, block) = (scene.take(100), scene.take(100));
    let expect = |pointer: *mut u8, kind, bytes| {
        let before = scene.audit();
        let fault = scene.try_give(&scene.two, pointer).expect_err("a misuse");
        assert_eq!((fault.kind, fault.address, fault.block_bytes), (kind, pointer.addr(), bytes));
        let fault = resize(&scene.allocator, &scene.one, pointer, 10).expect_err("a misuse");
        assert_eq!((fault.kind, fault.block_bytes), (kind, bytes));
        assert_eq!(scene.audit(), before, "a fault changes nothing");
    };
    expect(block.wrapping_add(16), FaultKind::InnerPointer, 100);
    expect(block.wrapping_add(1), FaultKind::InnerPointer, 100);
    expect(block.wrapping_add(PAGE * 4), FaultKind::Stale, 0);
    expect(block.wrapping_sub(PAGE * 4), FaultKind::Stale, 0);
    scene.give(block);
    expect(block, FaultKind::DoubleFree, 100);
    expect(block.wrapping_add(16), FaultKind::Stale, 0);
}

#[test]
fn a_changed_margin_is_told_and_the_block_stays() {
    let scene = scene(64);
    let (mut left, mut right) = (0, 0);
    for _ in 0..64 {
        let block = scene.take(44);
        let at_end = !(block.addr() + 48).is_multiple_of(PAGE);
        let (place, kind) = if at_end { (44, FaultKind::Overflow) } else { (-1, FaultKind::Underflow) };
        *(if at_end { &mut left } else { &mut right }) += 1;
        let beside = block.wrapping_offset(place);
        // SAFETY: the block's page goes on there.
        let before = unsafe { beside.replace(0) };
        let fault = scene.try_give(&scene.one, block).expect_err("a misuse");
        assert_eq!((fault.kind, fault.address, fault.block_bytes), (kind, block.addr(), 44));
        assert!(is_guarded(&scene, block));
        // SAFETY: as above.
        unsafe { beside.write(before) };
        scene.give(block);
    }
    assert!(left > 8 && right > 8, "both ends are drawn: {left} and {right}");
}

#[test]
fn what_is_touched_is_named() {
    let scene = scene(16);
    let block = loop {
        let block = scene.take(48);
        if (block.addr() + 48).is_multiple_of(PAGE) {
            break block;
        }
    };
    let seen = |address: usize| scene.allocator.sight(address).map(|sight| (sight.trespass, sight.block));
    assert_eq!(seen(block.addr() + 48), Some((Trespass::Overflow, block.addr())));
    assert_eq!(seen(block.addr() + 48 + PAGE / 2 - 1), Some((Trespass::Overflow, block.addr())));
    assert_eq!(seen(block.addr() - PAGE), Some((Trespass::Underflow, block.addr())));
    scene.give(block);
    assert_eq!(seen(block.addr() + 12), Some((Trespass::UseAfterFree, block.addr())));
    assert_eq!(seen(block.addr() + (1 << 30)), None);
}

#[test]
fn about_one_of_so_many_is_drawn() {
    let scene = Scene::new(ZONE);
    let settings = Settings::new().with(|settings| {
        settings.guard_rate = 50;
        settings.guard_slots = 4096;
        settings.stats = true;
    });
    scene.allocator.configure(&scene.one, &settings);
    let guarded = (0..50_000).filter(|_| is_guarded(&scene, scene.take(48))).count();
    assert!((800..1200).contains(&guarded), "{guarded} of 50,000");
}

/// Refills alone come to the slow path, and blocks whose class the client knows are never guarded.
#[test]
fn hot_paths_and_sized_frees_see_none() {
    let scene = Scene::new(ZONE);
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.guard_rate = 2));
    for _ in 0..1000 {
        let class = hakmem_core::seam::SizeClass::of(100);
        let block = take_sized(&scene.allocator, &scene.one, class);
        assert!(scene.allocator.sight(block.addr()).is_none());
    }
}

#[test]
fn a_provider_that_cannot_shut_pages_guards_nothing() {
    let allocator = Allocator::new(Clocked::new(Region::new(32, 8 << 20)));
    let front = new_front();
    allocator.configure(&front, &every_block(16));
    let block = allocator.take_slow(&front, 100);
    assert!(!block.is_null() && allocator.sight(block.addr()).is_none());
    give_slow(&allocator, &front, block).expect("a live block is taken back");
    // SAFETY: one thread.
    unsafe { allocator.audit() }.expect("every invariant holds");
}

/// A bit of everything by several threads, with some calls refused.
fn workload() -> Vec<Action> {
    let mut actions = Vec::new();
    for round in 0..4u8 {
        actions.push(Action::SwitchThread { thread: round % 3 });
        for slot in 0..60u8 {
            let bytes = [8, 16, 100, 1000, 5000, 30_000, 2_000_000, 0][usize::from(slot) % 8];
            actions.push(match slot % 3 {
                0 => Action::TakeZeroed { slot, bytes },
                1 => Action::TakeAligned { slot, bytes, align_shift: slot % 13 },
                _ => Action::Take { slot, bytes },
            });
        }
        actions.extend((0..60).step_by(3).map(|slot| Action::Resize { slot, bytes: u32::from(slot) * 70 + 1 }));
        actions.extend((0..60).step_by(2).map(|slot| Action::GiveRemote { slot }));
        actions.extend([Action::Trim, Action::Audit]);
        if round == 2 {
            actions.push(Action::EndThread { thread: 1 });
        }
    }
    actions
}

fn play<P: PageProvider>(below: P, rate: u32, slots: u32, refuse: impl FnOnce(&Faulty<P>)) -> u64 {
    let allocator = Allocator::new(Faulty::new(below));
    let front = new_front();
    allocator.configure(
        &front,
        &Settings::new().with(|settings| {
            settings.guard_rate = rate;
            settings.guard_slots = slots;
        }),
    );
    allocator.end_thread(&front).expect("no block was freed twice");
    refuse(allocator.provider());
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    driver.run(&workload());
    let calls = allocator.provider().calls();
    allocator.provider().serve();
    driver.finish();
    calls
}

#[test]
fn made_up_programs_find_every_block_whole() {
    for (rate, slots) in [(1, 1), (1, 7), (1, 200), (3, 64), (100, 256)] {
        play(LinuxPages::new(), rate, slots, |_| {});
    }
}

#[test]
fn pages_that_are_refused_lose_nothing() {
    let calls = play(LinuxPages::new(), 1, 32, |_| {});
    for number in (1..calls).step_by(calls as usize / 40) {
        play(LinuxPages::new(), 1, 32, |faulty| faulty.refuse_once(number));
        play(LinuxPages::new(), 1, 32, |faulty| faulty.refuse_from(number));
    }
}

#[test]
fn set_up_without_memory_is_no_guard() {
    for number in 1..8 {
        let allocator = Allocator::new(Faulty::new(LinuxPages::new()));
        let front = new_front();
        allocator.provider().refuse_from(number);
        allocator.configure(&front, &every_block(16));
        allocator.provider().serve();
        let block = allocator.take_slow(&front, 100);
        assert!(!block.is_null());
        give_slow(&allocator, &front, block).expect("a live block is taken back");
        allocator.configure(&front, &every_block(16));
        let block = allocator.take_slow(&front, 100);
        assert!(allocator.sight(block.addr()).is_some(), "the second time there is memory");
        // SAFETY: one thread.
        unsafe { allocator.audit() }.expect("every invariant holds");
    }
}
