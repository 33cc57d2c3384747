//! No lock is held while the provider works: before one of its calls, each in turn, another thread
//! looks at every lock, and takes blocks of every kind.

#![allow(unsafe_code, reason = "audits in quiescence")]

use std::thread;

use hakmem_core::{Allocator, Front, Settings};
use hakmem_tests::providers::{Interleaved, LinuxPages, Narrow};
use hakmem_tests::scene::{end, give, new_front, resize, take};

type Pages = Interleaved<Narrow<LinuxPages>>;

const MIB: usize = 1 << 20;
/// A block of every path: no magazine, magazines, room, run, mapping.
const SIZES: [usize; 6] = [8, 100, 5_000, 200_000, 700_000, 2 * MIB];

/// What the other thread does: looks at every lock, then takes blocks of all kinds, as a new thread and as an old one.
fn visit(allocator: &Allocator<Pages>, old: &Front) {
    assert_eq!(allocator.held_locks(), 0);
    let new = new_front();
    for front in [old, &new] {
        let blocks = SIZES.map(|bytes| take(allocator, front, bytes));
        blocks.into_iter().for_each(|block| give(allocator, front, block));
    }
    end(allocator, &new);
}

/// Closes the visits, also if the scene panics.
struct Closing<'a>(&'a Pages);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Plays a scene with a visit before the chosen call; returns the provider's calls.
fn play_with(chosen: Option<usize>, play: &impl Fn(&Allocator<Pages>)) -> Vec<&'static str> {
    let pages = Narrow::new(LinuxPages::new(), 1 << 30, usize::MAX);
    let allocator = Allocator::new(Interleaved::new(pages, chosen));
    thread::scope(|scope| {
        scope.spawn(|| {
            let old = new_front();
            allocator.provider().visit(|| visit(&allocator, &old));
            end(&allocator, &old);
        });
        allocator.provider().await_visitor();
        let _closing = Closing(allocator.provider());
        play(&allocator);
    });
    // SAFETY: the other thread was joined.
    unsafe { allocator.audit() }.expect("every invariant holds");
    allocator.provider().calls()
}

/// Plays a scene once for each of some calls of each kind; `kinds` are those that it must come to.
fn scene(kinds: &[&str], play: impl Fn(&Allocator<Pages>)) {
    const MOST_OF_A_KIND: usize = 8;
    let calls = play_with(None, &play);
    for kind in kinds {
        let of_kind: Vec<_> = (0..calls.len()).filter(|&number| calls[number] == *kind).collect();
        assert!(!of_kind.is_empty(), "the scene does not come to `{kind}`: {calls:?}");
        for &number in of_kind.iter().step_by(of_kind.len().div_ceil(MOST_OF_A_KIND)) {
            play_with(Some(number), &play);
        }
    }
}

#[test]
fn the_first_call() {
    for bytes in SIZES {
        let kinds: &[_] = if bytes <= MIB { &["reserve", "commit", "zone_bytes"] } else { &["map", "now_ms"] };
        scene(kinds, |allocator| {
            let front = new_front();
            give(allocator, &front, take(allocator, &front, bytes));
            end(allocator, &front);
        });
    }
}

#[test]
fn growth_for_a_warm_thread() {
    for bytes in [16, 5_000, 30_000, 200_000, 700_000] {
        scene(&["commit"], |allocator| {
            let front = new_front();
            let blocks: Vec<_> = (0..24 * MIB / bytes).map(|_| take(allocator, &front, bytes)).collect();
            blocks.into_iter().for_each(|block| give(allocator, &front, block));
            end(allocator, &front);
        });
    }
}

/// Thousands of threads take a block each: none of them ever has a heap of its own.
#[test]
fn growth_for_cold_threads() {
    for (bytes, threads) in [(8_000, 1_000), (1_500, 4_000)] {
        scene(&["commit", "map"], |allocator| {
            let fronts: Vec<_> = (0..threads).map(|_| new_front()).collect();
            take(allocator, &fronts[0], 1);
            let (superslabs, heaps) = (allocator.stats().superslabs, allocator.stats().heaps);
            let blocks: Vec<_> = fronts.iter().skip(1).map(|front| take(allocator, front, bytes)).collect();
            let stats = allocator.stats();
            assert!(stats.superslabs > superslabs && stats.heaps < heaps + 10, "cold threads grew: {stats:?}");
            blocks.into_iter().zip(&fronts).for_each(|(block, front)| give(allocator, front, block));
            fronts.iter().for_each(|front| end(allocator, front));
        });
    }
}

/// Bytes of a block that leaves no page untouched.
const WHOLE: usize = 8 << 10;

#[test]
fn growth_beyond_the_first_128_mebibytes() {
    scene(&["prefer_huge_pages"], |allocator| {
        let front = new_front();
        for _ in 0..150 * MIB / WHOLE {
            take(allocator, &front, WHOLE);
        }
        end(allocator, &front);
    });
}

/// What was huge pages goes back in part, and what was used whole comes as huge pages again.
#[test]
fn a_large_heap_goes_back_in_parts() {
    scene(&["prefer_small_pages", "prefer_huge_pages"], |allocator| {
        let front = new_front();
        let blocks: Vec<_> = (0..150 * MIB / WHOLE).map(|_| take(allocator, &front, WHOLE)).collect();
        let (odd, even): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| block.addr() / MIB % 2 == 1);
        for block in odd {
            give(allocator, &front, block);
        }
        allocator.trim(&front);
        for block in even {
            give(allocator, &front, block);
        }
        end(allocator, &front);
    });
}

#[test]
fn large_blocks_come_and_go() {
    scene(&["map", "remap", "release", "now_ms"], |allocator| {
        let front = new_front();
        // More than the first table has room for, and more than the cache keeps.
        let blocks: Vec<_> = (0..200).map(|_| take(allocator, &front, 2 * MIB)).collect();
        for block in blocks {
            let block = resize(allocator, &front, block, 3 * MIB).expect("a live block is resized");
            let block = resize(allocator, &front, block, 1_500_000).expect("a live block is resized");
            give(allocator, &front, block);
        }
        end(allocator, &front);
    });
}

#[test]
fn guarded_blocks_come_and_go() {
    scene(&["reserve", "commit", "map", "guard", "unguard", "purge", "release"], |allocator| {
        let front = new_front();
        allocator.configure(
            &front,
            &Settings::new().with(|settings| {
                settings.guard_rate = 1;
                settings.guard_slots = 8;
            }),
        );
        for _ in 0..3 {
            for unit in [100, 30_000, 500_000] {
                let blocks: Vec<_> = (0..10).map(|number| take(allocator, &front, unit * number)).collect();
                blocks.into_iter().for_each(|block| give(allocator, &front, block));
            }
        }
        allocator.trim(&front);
        end(allocator, &front);
    });
}

#[test]
fn memory_goes_back() {
    scene(&["purge", "release", "now_ms"], |allocator| {
        let front = new_front();
        allocator.configure(&front, &Settings::new().with(|settings| settings.purge_delay_ms = 0));
        for _ in 0..3 {
            let blocks: Vec<_> = (0..600).map(|number| take(allocator, &front, SIZES[number % 6])).collect();
            blocks.into_iter().for_each(|block| give(allocator, &front, block));
            allocator.trim(&front);
        }
        let cold = new_front();
        give(allocator, &cold, take(allocator, &cold, 100));
        end(allocator, &cold);
        end(allocator, &front);
    });
}
