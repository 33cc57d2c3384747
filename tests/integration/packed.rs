//! Where blocks of 8 to 32 KiB are many, further ones are packed: they come, go, change threads and are
//! misused like any others.

#![allow(unsafe_code, reason = "audits; writes to blocks")]

use hakmem_core::{Allocator, FaultKind, Front};
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};

type Pages = Narrow<Faulty<LinuxPages>>;

/// More than the rooms that a heap opens, of each kind.
const MANY: usize = 200;

struct Scene {
    allocator: Allocator<Pages>,
    one: Front,
    two: Front,
}

impl Scene {
    fn new() -> Self {
        let pages = Narrow::new(Faulty::new(LinuxPages::new()), 256 << 20, usize::MAX);
        Self { allocator: Allocator::new(pages), one: Front::new(), two: Front::new() }
    }

    fn take(&self, bytes: usize) -> *mut u8 {
        let mut block = self.allocator.take_medium(&self.one, bytes);
        if block.is_null() {
            block = self.allocator.take_slow(&self.one, bytes);
        }
        assert!(!block.is_null(), "{bytes} bytes were refused");
        // SAFETY: the block is ours, and that long.
        unsafe { (block.write(bytes as u8), block.add(bytes - 1).write(bytes as u8)) };
        block
    }

    fn give(&self, front: &Front, (block, bytes): (*mut u8, usize)) {
        // SAFETY: as above.
        assert_eq!(unsafe { (block.read(), block.add(bytes - 1).read()) }, (bytes as u8, bytes as u8), "{bytes}");
        if !self.allocator.give(front, block) && !self.allocator.give_packed(front, block) {
            self.allocator.give_slow(front, block).expect("a live block is taken back");
        }
    }

    fn audit(&self, blocks: usize) {
        // SAFETY: one real thread.
        let audit = unsafe { self.allocator.audit() }.expect("every invariant holds");
        assert_eq!(audit.live_blocks, blocks as u64);
    }

    fn many(&self) -> Vec<(*mut u8, usize)> {
        (0..MANY * 4).map(|at| 8193 + at * 1009 % 24_500).map(|bytes| (self.take(bytes), bytes)).collect()
    }

    fn finish(self) {
        self.audit(0);
        for front in [&self.one, &self.two] {
            self.allocator.end_thread(front).expect("no block was freed twice");
        }
        self.allocator.trim(&self.one);
        self.audit(0);
        assert_eq!(self.allocator.stats().active, 0, "every slab went back");
    }
}

#[test]
fn many_blocks_leave_no_address_between_them() {
    let scene = Scene::new();
    let rooms: Vec<_> = (0..MANY).map(|_| (scene.take(9216), 9216)).collect();
    let packed = rooms.windows(2).filter(|pair| pair[1].0.addr().wrapping_sub(pair[0].0.addr()) == 9216).count();
    assert!(packed >= MANY / 4, "only {packed} of {MANY} blocks stand close");
    for &(block, _) in &rooms {
        assert_eq!(scene.allocator.usable(block), Ok(9216));
    }
    rooms.into_iter().for_each(|block| scene.give(&scene.one, block));
    scene.finish();
}

#[test]
fn they_come_and_go_in_every_order() {
    let scene = Scene::new();
    for round in 0..6 {
        let mut blocks = scene.many();
        scene.audit(blocks.len());
        match round % 3 {
            0 => {}
            1 => blocks.reverse(),
            _ => blocks.sort_by_key(|&(block, bytes)| (bytes % 7, block.addr())),
        }
        // Every second one first, so that spans are emptied late, and other sizes want their pages.
        let (first, second): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
        first.into_iter().for_each(|(_, block)| scene.give(&scene.one, block));
        scene.audit(second.len());
        let more = scene.many();
        second.into_iter().for_each(|(_, block)| scene.give(&scene.one, block));
        scene.audit(more.len());
        more.into_iter().for_each(|block| scene.give(&scene.one, block));
        scene.audit(0);
    }
    scene.finish();
}

#[test]
fn other_threads_free_them() {
    let scene = Scene::new();
    for _ in 0..4 {
        let blocks = scene.many();
        blocks.iter().enumerate().for_each(|(at, &block)| {
            scene.give(if at % 3 == 0 { &scene.one } else { &scene.two }, block);
        });
        scene.audit(0);
    }
    scene.finish();
}

#[test]
fn they_grow_and_shrink() {
    let scene = Scene::new();
    let mut blocks = scene.many();
    for (at, (block, bytes)) in blocks.iter_mut().enumerate() {
        let wanted = [100, 9000, 16_384, 20_000, 32_768, 40_000][at % 6];
        let moved = scene.allocator.resize(&scene.one, *block, wanted).expect("a live block");
        // SAFETY: the block is ours, and that long.
        unsafe {
            assert_eq!(moved.read(), *bytes as u8, "{bytes} to {wanted}");
            moved.write(wanted as u8);
            moved.add(wanted - 1).write(wanted as u8);
        }
        (*block, *bytes) = (moved, wanted);
    }
    scene.audit(blocks.len());
    blocks.into_iter().for_each(|block| scene.give(&scene.one, block));
    scene.finish();
}

#[test]
fn each_misuse_is_named() {
    let scene = Scene::new();
    let mut blocks = scene.many();
    let (freed, bytes) = blocks.remove(blocks.len() / 2);
    scene.give(&scene.one, (freed, bytes));
    for &(block, _) in &blocks {
        for (off, kind) in [(8, FaultKind::Misaligned), (16, FaultKind::InnerPointer), (1024, FaultKind::InnerPointer)]
        {
            for front in [&scene.one, &scene.two] {
                let pointer = block.wrapping_add(off);
                assert!(!scene.allocator.give(front, pointer) && !scene.allocator.give_packed(front, pointer));
                assert_eq!(scene.allocator.give_slow(front, pointer).map_err(|fault| fault.kind), Err(kind));
            }
        }
    }
    assert!(!scene.allocator.give(&scene.one, freed) && !scene.allocator.give_packed(&scene.one, freed));
    let again = scene.allocator.give_slow(&scene.one, freed).expect_err("freed before");
    assert_eq!(again.kind, FaultKind::DoubleFree);
    scene.audit(blocks.len());
    blocks.into_iter().for_each(|block| scene.give(&scene.one, block));
    scene.finish();
}
