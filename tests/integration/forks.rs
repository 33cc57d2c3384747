//! While a thread forks, the others are served, and what they give back is there afterwards.

#![allow(unsafe_code, reason = "writes to blocks, says the class of what is freed")]

use hakmem_core::seam::SizeClass;
use hakmem_core::{FaultKind, Settings};
use hakmem_tests::scene::{Scene, after_fork, end, give_slow, new_front, resize, take, take_sized};

const MIB: usize = 1 << 20;
/// Of every path, and some that no magazine has.
const SIZES: [usize; 12] = [1, 8, 16, 100, 1000, 5_000, 20_000, 40_000, 200_000, 300_000, 900_000, 3 * MIB];

/// What the second thread does while the first one forks.
fn amid_a_fork(scene: &Scene, in_child: bool, amid: impl FnOnce()) {
    scene.allocator.before_fork(&scene.one);
    amid();
    assert_eq!(scene.allocator.held_locks(), 0);
    after_fork(&scene.allocator, &scene.one, in_child).expect("live blocks were given back");
}

fn filled(block: *mut u8, bytes: usize, with: u8) -> *mut u8 {
    // SAFETY: the block is ours, and that long.
    unsafe { block.write_bytes(with, bytes) };
    block
}

fn is_filled(block: *mut u8, bytes: usize, with: u8) -> bool {
    // SAFETY: as above.
    unsafe { core::slice::from_raw_parts(block, bytes) }.iter().all(|&byte| byte == with)
}

fn is_empty(scene: &Scene) {
    assert_eq!(scene.audit().live_blocks, 0);
    assert_eq!(scene.allocator.stats().large, 0);
}

#[test]
fn blocks_of_every_size_come_change_and_go() {
    for in_child in [false, true] {
        let scene = Scene::new(64 * MIB);
        let (allocator, two) = (&scene.allocator, &scene.two);
        let mut kept = Vec::new();
        amid_a_fork(&scene, in_child, || {
            for (number, bytes) in (0u8..).zip(SIZES.repeat(20)) {
                let block = filled(take(allocator, two, bytes), bytes, number);
                assert!(allocator.usable(block).expect("a live block") >= bytes);
                let other = bytes * 3 / 2 + 1;
                let block = resize(allocator, two, block, other).expect("a live block");
                assert!(is_filled(block, bytes.min(other), number));
                kept.push((filled(block, other, number), other, number));
                scene.try_give(two, take(allocator, two, bytes)).expect("a live block");
            }
            let zeroed = allocator.take_aligned_zeroed(two, 5_000, 4096);
            assert!(zeroed.addr().is_multiple_of(4096) && is_filled(zeroed, 5_000, 0));
            kept.push((filled(zeroed, 5_000, 3), 5_000, 3));
        });
        for (number, (block, bytes, with)) in kept.into_iter().enumerate() {
            assert!(is_filled(block, bytes, with), "{bytes} bytes");
            scene.try_give([&scene.one, two][number % 2], block).expect("a live block");
        }
        end(allocator, two);
        end(allocator, &scene.one);
        is_empty(&scene);
    }
}

#[test]
fn what_is_given_back_meanwhile_is_not_lost() {
    for in_child in [false, true] {
        let scene = Scene::new(64 * MIB);
        let blocks: Vec<_> = SIZES.repeat(40).into_iter().map(|bytes| scene.take(bytes)).collect();
        amid_a_fork(&scene, in_child, || {
            for block in blocks {
                scene.try_give(&scene.two, block).expect("a live block");
            }
        });
        end(&scene.allocator, &scene.two);
        end(&scene.allocator, &scene.one);
        is_empty(&scene);
    }
}

#[test]
fn a_thread_may_end_meanwhile() {
    for in_child in [false, true] {
        let scene = Scene::new(64 * MIB);
        let blocks: Vec<_> =
            SIZES.repeat(40).into_iter().map(|bytes| take(&scene.allocator, &scene.two, bytes)).collect();
        amid_a_fork(&scene, in_child, || {
            blocks.into_iter().for_each(|block| scene.try_give(&scene.two, block).expect("a live block"));
            end(&scene.allocator, &scene.two);
        });
        assert!(scene.allocator.stats().threads <= 1);
        end(&scene.allocator, &scene.one);
        is_empty(&scene);
        assert_eq!(scene.allocator.stats().threads, 0);
    }
}

#[test]
fn misuse_is_told_meanwhile() {
    let scene = Scene::new(64 * MIB);
    let fault = |block: *mut u8| give_slow(&scene.allocator, &scene.two, block).expect_err("a wrong pointer").kind;
    let freed = scene.take(3 * MIB);
    scene.give(freed);
    let foreign = Box::new([0u8; 64]);
    amid_a_fork(&scene, false, || {
        assert_eq!(fault(freed), FaultKind::DoubleFree);
        assert_eq!(fault(foreign.as_ptr().cast_mut()), FaultKind::Foreign);
        let block = take(&scene.allocator, &scene.two, 1000);
        assert_eq!(fault(block.wrapping_add(16)), FaultKind::InnerPointer);
        assert_eq!(fault(block.wrapping_add(1)), FaultKind::Misaligned);
        give_slow(&scene.allocator, &scene.two, block).expect("a live block");
        assert_eq!(fault(block), FaultKind::DoubleFree);
    });
    let block = scene.take(3 * MIB);
    scene.allocator.before_fork(&scene.one);
    for _ in 0..2 {
        give_slow(&scene.allocator, &scene.two, block).expect("a live block, until the fork is over");
    }
    let late = after_fork(&scene.allocator, &scene.one, false).expect_err("a second free");
    assert_eq!((late.kind, late.address), (FaultKind::DoubleFree, block.addr()));
}

/// As Rust's layouts do: what is freed goes into the magazine of its class, wherever it came from.
#[test]
fn clients_that_say_the_class_may_free_at_any_time() {
    for harden in [Settings::new().harden, hakmem_core::Harden::QUARANTINE] {
        let scene = Scene::new(64 * MIB);
        scene.allocator.configure(&scene.two, &Settings::new().with(|settings| settings.harden = harden));
        let (allocator, two, class) = (&scene.allocator, &scene.two, SizeClass::of_small(200));
        let take = || {
            // SAFETY: a class with a magazine.
            let block = unsafe { two.pop(class) };
            if block.is_null() { take_sized(allocator, two, class) } else { block }
        };
        let give = |block| {
            // SAFETY: taken for this class.
            if !unsafe { two.push(class, block) } {
                // SAFETY: taken for this class.
                unsafe { allocator.give_sized(two, class, block) }.expect("a live block");
            }
        };
        let before: Vec<_> = (0..300).map(|_| filled(take(), 200, 1)).collect();
        let mut amid = Vec::new();
        amid_a_fork(&scene, false, || {
            amid = (0..300).map(|_| filled(take(), 200, 2)).collect();
            before.into_iter().for_each(give);
            amid.drain(..100).for_each(give);
        });
        let after: Vec<_> = (0..300).map(|_| filled(take(), 200, 3)).collect();
        assert!(amid.iter().all(|&block| is_filled(block, 200, 2)));
        amid.into_iter().chain(after).for_each(give);
        end(allocator, two);
        end(allocator, &scene.one);
        assert_eq!(scene.audit().live_blocks, 0);
    }
}

/// Two threads fork at once: each is served in its own fork and in the other's.
#[test]
fn two_threads_may_fork_at_once() {
    let scene = Scene::new(64 * MIB);
    let (allocator, three) = (&scene.allocator, new_front());
    let blocks = [&scene.one, &scene.two, &three].map(|front| take(allocator, front, 5_000));
    allocator.before_fork(&scene.one);
    allocator.before_fork(&scene.two);
    // And a handler within the first.
    allocator.before_fork(&scene.one);
    let amid = [&scene.one, &scene.two, &three].map(|front| take(allocator, front, 300_000));
    after_fork(allocator, &scene.one, false).expect("nothing was given back");
    scene.try_give(&three, blocks[0]).expect("a live block");
    after_fork(allocator, &scene.two, false).expect("live blocks were given back");
    scene.try_give(&scene.two, blocks[1]).expect("a live block");
    after_fork(allocator, &scene.one, false).expect("live blocks were given back");
    scene.try_give(&scene.one, blocks[2]).expect("a live block");
    amid.into_iter().for_each(|block| scene.give(block));
    [&scene.one, &scene.two, &three].into_iter().for_each(|front| end(allocator, front));
    is_empty(&scene);
}
