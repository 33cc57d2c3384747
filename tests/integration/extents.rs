//! Blocks of 64 KiB to 1 MiB: what is free of their areas is joined, used by whoever comes, and goes back in time.

use hakmem_core::{Off, PageProvider, Settings};
use hakmem_tests::scene::{Scene, resize};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const FRAME: usize = 4 * KIB;

/// An odd stream of numbers below others.
fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 20) as usize % below
    }
}

fn held(scene: &Scene) -> usize {
    let stats = scene.allocator.stats();
    (stats.active + stats.cached) as usize
}

/// Each block is replaced six times by one of another size. What is held then is little more than what is in use: the
/// best that other allocators reach is 1.17 times that.
#[test]
fn whatever_sizes_come_and_go_little_lies_between_them() {
    for (low, high, most) in [(65 * KIB, 256 * KIB, 1.16), (256 * KIB, MIB, 1.18)] {
        let (scene, mut next) = (Scene::new(1 << 30), numbers(1));
        let mut size = || low + next(high - low);
        let mut blocks = Vec::new();
        let mut bytes = 0;
        while bytes < 200 * MIB {
            let wish = size();
            blocks.push((scene.take(wish), wish));
            bytes += wish;
        }
        let mut pick = numbers(2);
        for _ in 0..6 * blocks.len() {
            let at = pick(blocks.len());
            scene.give(blocks[at].0);
            let wish = size();
            blocks[at] = (scene.take(wish), wish);
        }
        let live: usize = blocks.iter().map(|block| block.1).sum();
        let ratio = held(&scene) as f64 / live as f64;
        assert!(ratio < most, "{low} to {high}: {ratio}");
        assert_eq!(scene.audit().live_blocks, blocks.len() as u64);
        blocks.into_iter().for_each(|block| scene.give(block.0));
        assert_eq!(scene.audit().live_blocks, 0);
    }
}

#[test]
fn a_block_has_as_many_frames_as_it_asked_for() {
    let scene = Scene::new(64 * MIB);
    for bytes in [64 * KIB + 1, 70_000, 256 * KIB, 256 * KIB + 1, 700_001, MIB] {
        let block = scene.take(bytes);
        assert_eq!(scene.allocator.usable(block), Ok(bytes.next_multiple_of(FRAME)));
        scene.give(block);
    }
}

#[test]
fn neighbours_that_are_free_are_one() {
    let scene = Scene::new(64 * MIB);
    let blocks = [(); 4].map(|()| scene.take(100 * KIB));
    for pair in blocks.windows(2) {
        assert_eq!(pair[0].wrapping_add(100 * KIB), pair[1], "side by side");
    }
    let _rest = scene.take(112 * KIB);
    for order in [[1, 2], [2, 1]] {
        order.iter().for_each(|&at| scene.give(blocks[at]));
        let both = scene.take(200 * KIB);
        assert_eq!(both, blocks[1], "it fits best where the two were");
        scene.give(both);
        assert_eq!([scene.take(100 * KIB), scene.take(100 * KIB)], [blocks[1], blocks[2]]);
    }
}

/// A thread that frees what others took does not keep it.
#[test]
fn what_one_thread_frees_the_next_one_has() {
    let scene = Scene::new(64 * MIB);
    let (block, _stays) = (scene.take(300 * KIB), scene.take(300 * KIB));
    scene.try_give(&scene.two, block).expect("a live block is taken back");
    assert_eq!(scene.take(300 * KIB), block);
}

#[test]
fn realloc_gives_back_what_it_leaves() {
    let scene = Scene::new(64 * MIB);
    let block = scene.take(400 * KIB);
    let next = scene.take(64 * KIB + 1);
    // Of a vector that shrinks to its length, less than half.
    assert_eq!(resize(&scene.allocator, &scene.one, block, 300 * KIB), Ok(block));
    assert_eq!(scene.allocator.usable(block), Ok(300 * KIB));
    assert_eq!(scene.take(100 * KIB), block.wrapping_add(300 * KIB), "it is another's");
    assert_ne!(resize(&scene.allocator, &scene.one, block, 400 * KIB), Ok(block));
    scene.give(next);
    scene.audit();
}

/// Holes in areas of which blocks are out go back after the delay, and not before; what is taken there then reads as
/// zero, and is known to.
#[test]
fn holes_go_back_after_the_delay() {
    let scene = Scene::new(256 * MIB);
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = Off::SURPLUS));
    let clock = |ms| scene.allocator.provider().set_ms(ms);
    let look = || scene.give(scene.take(2 * MIB));
    clock(10_000);
    look();
    let blocks: Vec<_> = (0..200).map(|_| scene.take(200 * KIB)).collect();
    for block in &blocks {
        // SAFETY: a live block of ours.
        #[allow(unsafe_code, reason = "writes to a block")]
        unsafe {
            block.write_bytes(7, 200 * KIB);
        }
    }
    let (gone, left): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    gone.iter().for_each(|&(_, block)| scene.give(block));
    let cached = scene.allocator.stats().cached as usize;
    assert!(cached >= 100 * 200 * KIB, "{cached}");
    clock(10_999);
    look();
    assert_eq!(scene.allocator.stats().cached as usize, cached, "a millisecond too early");
    clock(12_000);
    look();
    let stats = scene.allocator.stats();
    // Of a hole whole pages go, which may be longer than frames.
    let stays = gone.len() * 2 * (scene.allocator.provider().page_bytes() - FRAME);
    assert!((stats.cached as usize) < MIB + stays, "{stats:?}");
    assert!(stats.clean as usize + stays >= gone.len() * 200 * KIB, "{stats:?}");
    scene.audit();
    for _ in 0..gone.len() {
        let block = scene.allocator.take_zeroed(&scene.one, 200 * KIB);
        // SAFETY: a live block of ours, which is zero.
        #[allow(unsafe_code, reason = "reads a block")]
        let bytes = unsafe { core::slice::from_raw_parts(block, 200 * KIB) };
        assert!(bytes.iter().all(|&byte| byte == 0));
    }
    for (_, block) in left {
        // SAFETY: a live block of ours.
        #[allow(unsafe_code, reason = "reads a block")]
        let bytes = unsafe { core::slice::from_raw_parts(block, 200 * KIB) };
        assert!(bytes.iter().all(|&byte| byte == 7), "it is untouched");
        scene.give(block);
    }
}

/// What is freed and was needed once does not wait.
#[test]
fn what_is_too_much_goes_at_once() {
    let scene = Scene::new(256 * MIB);
    scene.allocator.provider().set_ms(10_000);
    let blocks: Vec<_> = (0..300).map(|_| scene.take(200 * KIB)).collect();
    let before = held(&scene);
    for block in blocks.chunks(3).flat_map(|three| &three[..2]) {
        scene.give(*block);
    }
    // A third is left, in every area.
    assert!(held(&scene) < before / 2, "{} of {before}", held(&scene));
    scene.audit();
}

/// One area of which no block is out stays, so that a program that takes and frees one block claims none each time; it
/// makes way for smaller blocks before the heap grows.
#[test]
fn one_empty_area_stays_until_others_need_its_slabs() {
    let scene = Scene::new(4 * MIB);
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = Off::SURPLUS));
    scene.give(scene.take(300 * KIB));
    let spans = scene.allocator.stats();
    for _ in 0..10 {
        scene.give(scene.take(300 * KIB));
    }
    assert_eq!(scene.allocator.stats().spans_taken, spans.spans_taken);
    let blocks: Vec<_> = (0..3700).map(|_| scene.take(KIB)).collect();
    assert_eq!(scene.allocator.stats().zones, 1, "all of the zone could be had");
    blocks.into_iter().for_each(|block| scene.give(block));
    scene.audit();
}

/// Slabs of areas of which no block is out are anybody's again, and nobody takes what was written there for zero.
#[test]
fn what_was_written_is_known_when_an_area_goes() {
    let scene = Scene::new(256 * MIB);
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.off = Off::SURPLUS));
    let blocks: Vec<_> = (0..80).map(|_| scene.take(100 * KIB)).collect();
    for &block in &blocks {
        // SAFETY: a live block of ours.
        #[allow(unsafe_code, reason = "writes to a block")]
        unsafe {
            block.write_bytes(7, 100 * KIB);
        }
    }
    blocks.into_iter().for_each(|block| scene.give(block));
    for _ in 0..300 {
        let block = scene.allocator.take_zeroed(&scene.one, 20 * KIB);
        // SAFETY: a live block of ours, which is zero.
        #[allow(unsafe_code, reason = "reads a block")]
        let bytes = unsafe { core::slice::from_raw_parts(block, 20 * KIB) };
        assert!(bytes.iter().all(|&byte| byte == 0), "{block:p}");
    }
}

#[test]
fn each_block_is_where_its_alignment_says() {
    let scene = Scene::new(256 * MIB);
    let mut blocks = Vec::new();
    for shift in 12..=20 {
        for bytes in [1, 5000, 70_000, 300_000, MIB] {
            let block = scene.allocator.take_aligned(&scene.one, bytes, 1 << shift);
            assert!(!block.is_null() && block.addr().is_multiple_of(1 << shift), "{bytes} at {shift}");
            blocks.push(block);
        }
    }
    scene.audit();
    blocks.into_iter().for_each(|block| scene.give(block));
    assert_eq!(scene.audit().live_blocks, 0);
}
