use super::{FIRST_STEP, Pace, step};
use crate::base::millis::Millis;

/// A heap that grows by a superslab each `ms`; those from which on it earned huge pages.
fn first_huge(ms: u64, most: usize) -> Option<usize> {
    first_huge_with_tails(ms, most, 0)
}

/// The same of which so many slabs of each superslab are of blocks that leave tails.
fn first_huge_with_tails(ms: u64, most: usize, tailed: usize) -> Option<usize> {
    let (mut pace, mut superslabs, mut before) = (Pace::new(), FIRST_STEP, 0);
    // Its first ones came long after the clock began.
    let start = 1_000_000;
    while superslabs < most {
        let slabs = tailed * (superslabs - before);
        if pace.earns_huge_pages(superslabs, slabs, Millis::new(start + superslabs as u64 * ms)) {
            return Some(superslabs);
        }
        before = superslabs;
        superslabs += step(superslabs);
    }
    None
}

#[test]
fn a_heap_grows_by_a_sixteenth_within_bounds() {
    assert_eq!([0, 4, 31, 32, 48, 100, 512, 1 << 19].map(step), [2, 2, 2, 2, 3, 6, 32, 32]);
}

#[test]
fn what_is_claimed_is_little_beside_what_is_used() {
    let mut superslabs = FIRST_STEP;
    while superslabs < 1 << 16 {
        let next = superslabs + step(superslabs);
        // Each superslab has an eighth of itself beside it.
        assert!(superslabs < 32 || next * 9 / 8 * 10 <= superslabs * 12, "{superslabs} grow to {next}");
        superslabs = next;
    }
}

#[test]
fn fast_growth_earns_huge_pages_once_it_was_seen() {
    assert_eq!(first_huge(1, 1000), Some(8));
    assert_eq!(first_huge(2, 1000), Some(8), "a gibibyte a second");
}

#[test]
fn slow_growth_earns_them_when_the_heap_is_large() {
    // The first step beyond 64 superslabs.
    assert_eq!(first_huge(3, 1000), Some(66));
    assert_eq!(first_huge(1000, 1000), Some(66));
}

#[test]
fn growth_that_was_fast_and_is_slow_earns_them_no_more() {
    let mut pace = Pace::new();
    let mut earns = |superslabs, ms| pace.earns_huge_pages(superslabs, 0, Millis::new(ms));
    assert!(!earns(4, 1_000));
    assert!(earns(8, 1_001));
    assert!(earns(12, 5_000), "it is looked at when it has doubled");
    assert!(!earns(16, 9_000));
}

#[test]
fn blocks_that_leave_pages_untouched_earn_none() {
    for ms in [1, 1000] {
        let without = first_huge(ms, 1000);
        assert_eq!(first_huge_with_tails(ms, 1000, 8), without, "an eighth of the slabs");
        assert_eq!(first_huge_with_tails(ms, 1000, 9), None);
        assert_eq!(first_huge_with_tails(ms, 1000, 64), None);
    }
}

#[test]
fn they_are_earned_when_such_blocks_come_no_more() {
    let mut pace = Pace::new();
    let now = Millis::new(1_000_000);
    assert!(!pace.earns_huge_pages(66, 66 * 64, now));
    assert!(!pace.earns_huge_pages(68, 128, now));
    assert!(pace.earns_huge_pages(70, 0, now));
}
