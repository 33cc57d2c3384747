//! Guards: what lies behind spans, runs and large blocks, how many there are, and that they go back.

use std::fs;

use hakmem_core::{Allocator, Front, Harden};
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow, Region};
use hakmem_tests::scene::{give, new_front, take};

use crate::harden;

type Pages = Narrow<Faulty<LinuxPages>>;

fn guarded() -> (Allocator<Pages>, Front) {
    let allocator = Allocator::new(Narrow::new(Faulty::new(LinuxPages::new()), 1 << 30, usize::MAX));
    let front = new_front();
    harden(&allocator, &front, Harden::GUARD_SLABS);
    (allocator, front)
}

/// The protection of the mapping that an address lies in, and where it ends.
fn mapping(address: usize) -> (String, usize) {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux says what is mapped");
    let found = maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let [from, to] = [from, to].map(|digits| usize::from_str_radix(digits, 16).unwrap_or(0));
        (from..to).contains(&address).then(|| (rest[..4].to_owned(), to))
    });
    found.unwrap_or_else(|| panic!("{address:#x} is not mapped"))
}

#[test]
fn behind_every_span_nobody_can_write() {
    for bytes in [8, 16, 300, 5_000, 9_000, 40_000, 200_000, 300_000, 1 << 20, 3 << 20] {
        let (allocator, front) = guarded();
        let blocks: Vec<_> = (0..20).map(|_| take(&allocator, &front, bytes)).collect();
        for &block in &blocks {
            let (protection, end) = mapping(block.addr());
            assert_eq!(protection, "rw-p");
            let span = end - block.addr();
            assert!(span <= 512 << 10 || bytes > 400_000, "{bytes}: {span} bytes to the next guard");
            assert_eq!(mapping(end).0, "---p", "{bytes}: behind {block:p} at {end:#x}");
        }
        blocks.into_iter().for_each(|block| give(&allocator, &front, block));
        allocator.end_thread(&front).expect("nothing was freed twice");
        allocator.trim(&front);
        // SAFETY: one thread.
        #[allow(unsafe_code, reason = "audits")]
        let audit = unsafe { allocator.audit() }.expect("every invariant holds");
        assert_eq!((audit.spans, audit.live_blocks), (0, 0));
        let stats = allocator.stats();
        assert_eq!((stats.active, stats.large), (0, 0), "{stats:?}");
    }
}

#[test]
fn a_guard_serves_span_after_span() {
    let (allocator, front) = guarded();
    let churn = || {
        for _ in 0..50 {
            let blocks: Vec<_> = (0..40).map(|_| take(&allocator, &front, 300_000)).collect();
            blocks.into_iter().for_each(|block| give(&allocator, &front, block));
        }
    };
    churn();
    let before = allocator.provider().below().calls();
    churn();
    let more = allocator.provider().below().calls() - before;
    assert!(more < 100, "{more} calls of the provider for 2,000 runs");
}

/// Linux lets a process have 65,530 mappings: guards leave three quarters of them alone.
#[test]
fn there_are_not_too_many() {
    let (allocator, front) = guarded();
    let blocks: Vec<_> = (0..12_000).map(|_| take(&allocator, &front, 20_000)).collect();
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux says what is mapped").lines().count();
    assert!((8_000..20_000).contains(&maps), "{maps} mappings");
    blocks.into_iter().for_each(|block| give(&allocator, &front, block));
    allocator.trim(&front);
}

#[test]
fn without_the_systems_help_all_goes_on() {
    for refused in [1, 2, 3, 5, 9] {
        let (allocator, front) = guarded();
        take(&allocator, &front, 100);
        allocator.provider().below().refuse_once(refused);
        let blocks: Vec<_> = [100, 5_000, 40_000, 300_000, 2 << 20].iter().flat_map(|&bytes| [bytes; 4]).collect();
        let blocks: Vec<_> = blocks.into_iter().map(|bytes| allocator.take_slow(&front, bytes)).collect();
        blocks.into_iter().filter(|block| !block.is_null()).for_each(|block| give(&allocator, &front, block));
    }
    let (allocator, front) = (Allocator::new(Region::new(64, 8 << 20)), new_front());
    harden(&allocator, &front, Harden::all());
    let blocks: Vec<_> = (0..500).map(|_| take(&allocator, &front, 5_000)).collect();
    blocks.into_iter().for_each(|block| give(&allocator, &front, block));
    allocator.end_thread(&front).expect("nothing was freed twice");
}
