//! Free memory goes back when its time has come, by a clock that is set by hand.

use hakmem_core::{Allocator, FaultKind, Front, Off, Settings};
use hakmem_tests::providers::{Clocked, Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give, give_slow, new_front, resize, take};

type Pages = Clocked<Faulty<Narrow<LinuxPages>>>;

const DELAY_MS: u64 = 1000;
const MEDIUM: usize = 40_000;
const LARGE: usize = 4 << 20;
/// What a thread's heap holds in advance, until that thread's slow path looks at the clock.
const RESERVE: u64 = 16 * (32 << 10);

fn allocator() -> Allocator<Pages> {
    Allocator::new(Clocked::new(Faulty::new(Narrow::new(LinuxPages::new(), 64 << 20, usize::MAX))))
}

/// Uses memory of every kind and frees it.
fn churn(allocator: &Allocator<Pages>, front: &Front) {
    let sizes = [100, MEDIUM, 700_000];
    let blocks: Vec<_> = (0..60).map(|number| take(allocator, front, sizes[number % 3])).collect();
    blocks.into_iter().for_each(|block| give(allocator, front, block));
}

/// A call that looks at the clock and changes nothing: a large block comes and goes.
fn look(allocator: &Allocator<Pages>, front: &Front, now_ms: u64) {
    allocator.provider().set_ms(now_ms);
    give(allocator, front, take(allocator, front, LARGE));
}

#[test]
fn what_lies_free_makes_way_for_a_block_that_grows_much_more() {
    let (allocator, front) = (allocator(), new_front());
    look(&allocator, &front, 10_000);
    give(&allocator, &front, take(&allocator, &front, 1 << 20));
    let grows = take(&allocator, &front, LARGE);
    let purges = || allocator.provider().below().purges();
    allocator.provider().set_ms(10_010);
    let grows = resize(&allocator, &front, grows, 2 * LARGE).expect("live");
    assert_eq!(purges(), 0, "4 MiB more are not so much more than what lies in a superslab");
    let grows = resize(&allocator, &front, grows, 8 * LARGE).expect("live");
    assert!(purges() > 0);
    assert!(allocator.stats().cached <= RESERVE, "{:?}", allocator.stats());
    give(&allocator, &front, grows);
}

#[test]
fn idle_memory_goes_back_after_the_delay_and_not_before() {
    let (allocator, front) = (allocator(), new_front());
    allocator.configure(&front, &Settings::new().with(|settings| settings.off = Off::SURPLUS));
    look(&allocator, &front, 10_000);
    churn(&allocator, &front);
    let before = allocator.stats();
    assert!(before.cached > 8 << 20, "what was freed is kept: {before:?}");
    look(&allocator, &front, 10_000 + DELAY_MS - 1);
    assert_eq!(allocator.stats().cached, before.cached, "a millisecond too early");
    assert_eq!(allocator.provider().below().purges(), 0);
    look(&allocator, &front, 10_000 + 2 * DELAY_MS);
    let after = allocator.stats();
    assert!(after.cached <= RESERVE, "{after:?}");
    assert_eq!(after.clean + after.cached, before.clean + before.cached, "the addresses stay");
    assert!(allocator.provider().below().purges() > 0);
}

/// 20 MB of blocks of 1,000 bytes are taken and freed; then as many calls as look for a surplus.
fn rise_and_fall(allocator: &Allocator<Pages>, front: &Front) {
    let blocks: Vec<_> = (0..20_000).map(|_| take(allocator, front, 1000)).collect();
    blocks.into_iter().for_each(|block| give(allocator, front, block));
    let run = take(allocator, front, 700_000);
    give(allocator, front, run);
    give(allocator, front, take(allocator, front, 700_000));
}

#[test]
fn what_was_needed_once_goes_back_at_once() {
    let (allocator, front) = (allocator(), new_front());
    look(&allocator, &front, 10_000);
    rise_and_fall(&allocator, &front);
    let stats = allocator.stats();
    assert!(stats.active + stats.cached < 3 << 20, "{stats:?}");
    assert!(allocator.provider().below().purges() > 0);
}

/// A process may have less memory than anybody told us: what comes and goes may stay, but not beside what takes its place.
#[test]
fn what_is_in_use_and_kept_stays_near_what_was_in_use_at_a_time() {
    const MIB: u64 = 1 << 20;
    // A few slabs more are not worth a call.
    const SLACK: u64 = 8 * MIB + 3 * RESERVE;
    let (allocator, front) = (allocator(), new_front());
    look(&allocator, &front, 10_000);
    let mut peak = 0;
    for _ in 0..3 {
        let blocks: Vec<_> = (0..120_000).map(|_| take(&allocator, &front, 1000)).collect();
        peak = allocator.stats().active.max(peak);
        blocks.into_iter().for_each(|block| give(&allocator, &front, block));
    }
    let kept = allocator.stats().cached;
    assert!(peak > 100 * MIB && kept > peak / 2, "what comes and goes stays: {kept} of {peak}");
    let large: Vec<_> = (0..20).map(|_| take(&allocator, &front, LARGE)).collect();
    let stats = allocator.stats();
    let all = stats.active + stats.cached + stats.large + stats.large_cached;
    assert!(all <= peak + peak / 16 + SLACK, "{all} of {peak}: {stats:?}");
    large.into_iter().for_each(|block| give(&allocator, &front, block));
    let stats = allocator.stats();
    let all = stats.active + stats.cached + stats.large_cached;
    assert!(all <= peak + peak / 16 + SLACK, "{all} of {peak}: {stats:?}");
}

#[test]
fn what_is_needed_again_and_again_stays() {
    let (allocator, front) = (allocator(), new_front());
    look(&allocator, &front, 10_000);
    for _ in 0..3 {
        rise_and_fall(&allocator, &front);
    }
    let purges = allocator.provider().below().purges();
    for _ in 0..10 {
        rise_and_fall(&allocator, &front);
    }
    assert_eq!(allocator.provider().below().purges(), purges, "no page is given back and taken again");
    assert!(allocator.stats().cached > 16 << 20, "{:?}", allocator.stats());
    look(&allocator, &front, 10_000 + 2 * DELAY_MS);
    assert!(allocator.stats().cached <= RESERVE, "until it lay idle: {:?}", allocator.stats());
    rise_and_fall(&allocator, &front);
    assert!(allocator.stats().cached < 3 << 20, "what was wanted then is forgotten: {:?}", allocator.stats());
}

/// A page fault now and then costs less than memory that lies there meanwhile.
#[test]
fn what_is_needed_again_after_a_while_goes_each_time() {
    let (allocator, front) = (allocator(), new_front());
    for rise in 0..6 {
        look(&allocator, &front, 10_000 + rise * 100);
        rise_and_fall(&allocator, &front);
        let stats = allocator.stats();
        assert!(stats.active + stats.cached < 3 << 20, "rise {rise}: {stats:?}");
    }
}

/// Puts blocks in a random order.
fn shuffled(blocks: &mut [*mut u8]) {
    let mut draw = 42u64;
    for last in (1..blocks.len()).rev() {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        blocks.swap(last, (draw % (last as u64 + 1)) as usize);
    }
}

/// Blocks in magazines, of many classes and of slabs all over, hold none of them when the last one has come back: a
/// process that then rests calls no more.
#[test]
fn no_call_is_needed_after_the_last_free() {
    for sizes in [[64; 4].as_slice(), &[16, 40, 100, 300, 500, 700, 1000, 1500, 2000, 3000]] {
        let (allocator, front) = (allocator(), new_front());
        look(&allocator, &front, 10_000);
        let most = (24 << 20) * sizes.len() / sizes.iter().sum::<usize>();
        let mut blocks: Vec<_> = sizes.iter().cycle().take(most).map(|&size| take(&allocator, &front, size)).collect();
        shuffled(&mut blocks);
        blocks.iter().for_each(|&block| give(&allocator, &front, block));
        let stats = allocator.stats();
        assert!(stats.active + stats.cached < 2 << 20, "{sizes:?}: {stats:?}");
        let fault = give_slow(&allocator, &front, blocks[0]).expect_err("it was freed before");
        assert_eq!((fault.kind, fault.block_bytes > 0), (FaultKind::DoubleFree, true), "{fault:?}");
    }
}

/// What comes and goes above a level says nothing of what lies below.
#[test]
fn a_fall_below_all_before_gives_back_what_was_wanted() {
    let (allocator, front) = (allocator(), new_front());
    look(&allocator, &front, 10_000);
    let below: Vec<_> = (0..8_000).map(|_| take(&allocator, &front, 1000)).collect();
    for _ in 0..4 {
        rise_and_fall(&allocator, &front);
    }
    assert!(allocator.stats().cached > 16 << 20, "what was needed again stays: {:?}", allocator.stats());
    below.into_iter().for_each(|block| give(&allocator, &front, block));
    let stats = allocator.stats();
    assert!(stats.active + stats.cached < 2 << 20, "{stats:?}");
}

#[test]
fn memory_in_use_is_never_idle() {
    let (allocator, front) = (allocator(), new_front());
    let live: Vec<_> = (0..100).map(|_| take(&allocator, &front, MEDIUM)).collect();
    for round in 1..20 {
        look(&allocator, &front, round * 2 * DELAY_MS);
    }
    assert_eq!(allocator.provider().below().purges(), 0);
    live.into_iter().for_each(|block| give(&allocator, &front, block));
}

#[test]
fn the_slow_path_of_small_blocks_looks_at_the_clock_too() {
    let (allocator, front) = (allocator(), new_front());
    look(&allocator, &front, 10_000);
    churn(&allocator, &front);
    allocator.provider().set_ms(10_000 + 2 * DELAY_MS);
    let mut kept = Vec::new();
    for _ in 0..40_000 {
        kept.push(take(&allocator, &front, 1000));
    }
    kept.into_iter().for_each(|block| give(&allocator, &front, block));
    assert!(allocator.provider().below().purges() > 0, "40,000 small blocks and no look at the clock");
}

#[test]
fn the_delay_is_a_setting() {
    let (allocator, front) = (allocator(), new_front());
    allocator.configure(
        &front,
        &Settings::new().with(|settings| {
            settings.purge_delay_ms = 50_000;
            settings.off = Off::SURPLUS;
        }),
    );
    look(&allocator, &front, 10_000);
    churn(&allocator, &front);
    look(&allocator, &front, 59_000);
    assert_eq!(allocator.provider().below().purges(), 0);
    look(&allocator, &front, 60_100);
    assert!(allocator.stats().cached <= RESERVE);
}

#[test]
fn large_blocks_that_are_wanted_again_are_kept_up_to_the_setting_and_then_go() {
    let (allocator, front) = (allocator(), new_front());
    allocator.configure(&front, &Settings::new().with(|settings| settings.large_cache_bytes = 2 * LARGE));
    look(&allocator, &front, 10_000);
    for _ in 0..2 {
        let blocks: Vec<_> = (0..4).map(|_| take(&allocator, &front, LARGE)).collect();
        blocks.into_iter().for_each(|block| give(&allocator, &front, block));
    }
    let stats = allocator.stats();
    assert_eq!((stats.large, stats.large_cached), (0, 2 * LARGE as u64), "{stats:?}");
    look(&allocator, &front, 10_000 + 2 * DELAY_MS);
    let blocks = take(&allocator, &front, MEDIUM);
    give(&allocator, &front, blocks);
    let reserved = allocator.provider().below().reserved();
    look(&allocator, &front, 10_000 + 4 * DELAY_MS);
    assert!(allocator.stats().large_cached <= LARGE as u64, "{:?}", allocator.stats());
    assert!(allocator.provider().below().reserved() <= reserved);
}

/// Sizes that have passed make way: else they fill the room, and what is wanted now is mapped anew each time.
#[test]
fn large_blocks_of_sizes_that_have_passed_make_way() {
    const PAGE: usize = 4096;
    let (allocator, front) = (allocator(), new_front());
    // As much as may be kept beside it.
    let ballast: Vec<_> = (0..60).map(|_| take(&allocator, &front, LARGE)).collect();
    for (first, most) in [(LARGE, 64 << 20), (LARGE / 2, 64 << 20), (20 << 20, 64 << 20)] {
        for size in (0..100).map(|step| first + step * PAGE) {
            for _ in 0..3 {
                give(&allocator, &front, take(&allocator, &front, size));
            }
            let before = allocator.stats().large_cached;
            assert!(before <= most, "{before}");
            let block = take(&allocator, &front, size);
            assert!(allocator.stats().large_cached + size as u64 <= before, "it was kept");
            give(&allocator, &front, block);
        }
    }
    ballast.into_iter().for_each(|block| give(&allocator, &front, block));
}

/// A table that doubles leaves blocks behind that nobody asks for again.
#[test]
fn large_blocks_that_nobody_wants_again_are_not_kept() {
    let (allocator, front) = (allocator(), new_front());
    let mut table = take(&allocator, &front, LARGE);
    for doubled in 1..8 {
        let larger = take(&allocator, &front, LARGE << doubled);
        give(&allocator, &front, table);
        table = larger;
        assert_eq!(allocator.stats().large_cached, 0);
    }
    give(&allocator, &front, table);
}

#[test]
fn trim_gives_everything_back_at_once() {
    let (allocator, front) = (allocator(), new_front());
    let reserved = allocator.provider().below().reserved();
    assert_eq!(reserved, 0, "nothing is reserved before the first call");
    churn(&allocator, &front);
    look(&allocator, &front, 1);
    let before = allocator.stats();
    let bytes = allocator.trim(&front) as u64;
    let after = allocator.stats();
    assert_eq!((after.active, after.cached, after.large, after.large_cached), (0, 0, 0, 0), "{after:?}");
    assert!(bytes + RESERVE >= before.cached + before.large_cached, "{bytes} of {before:?}");
    assert_eq!(allocator.trim(&front), 0, "the second time there is nothing to give");
}

#[test]
fn a_double_free_is_named_after_its_superslab_went_back() {
    let (allocator, front) = (allocator(), new_front());
    // More than one superslab of each kind, so that some are free as a whole.
    for bytes in [100, 700_000] {
        let blocks: Vec<_> = (0..(12 << 20) / bytes).map(|_| take(&allocator, &front, bytes)).collect();
        blocks.iter().for_each(|&block| give(&allocator, &front, block));
        allocator.trim(&front);
        assert_eq!(allocator.stats().cached, 0);
        for &block in [&blocks[0], &blocks[blocks.len() / 2], &blocks[blocks.len() - 1]] {
            let fault = give_slow(&allocator, &front, block).expect_err("it was freed before");
            assert_eq!(fault.kind, FaultKind::DoubleFree, "{bytes} bytes: {fault:?}");
        }
    }
}

#[test]
fn kept_memory_stays_dirty_and_is_tried_again() {
    let (allocator, front) = (allocator(), new_front());
    allocator.provider().below().keep(true);
    churn(&allocator, &front);
    assert_eq!(allocator.trim(&front), 0, "nothing went back");
    let cached = allocator.stats().cached;
    assert!(cached > 8 << 20, "it counts as kept");
    allocator.provider().below().keep(false);
    assert_eq!(allocator.trim(&front) as u64, cached);
    assert_eq!(allocator.stats().cached, 0);
}
