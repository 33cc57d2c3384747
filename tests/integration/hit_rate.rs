//! The front serves nearly all calls, and a watched thread's calls are counted one by one.

use hakmem_core::config::settings::Settings;
use hakmem_core::{Allocator, Front};
use hakmem_tests::providers::{Faulty, LinuxPages};

/// The `random_mixed` workload: 16 to 1,039 bytes, one of 256 slots toggled a step.
fn random_mixed<const STEPS: usize>(mut take: impl FnMut(usize) -> *mut u8, mut give: impl FnMut(*mut u8)) {
    let mut slots = [core::ptr::null_mut::<u8>(); 256];
    let mut draw = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..STEPS {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        let slot = &mut slots[(draw >> 32) as usize % 256];
        if slot.is_null() {
            *slot = take(16 + (draw >> 8) as usize % 1024);
        } else {
            give(core::mem::replace(slot, core::ptr::null_mut()));
        }
    }
    slots.into_iter().filter(|block| !block.is_null()).for_each(give);
}

#[test]
fn at_least_95_of_100_calls_hit_and_all_are_counted() {
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), Front::new());
    allocator.configure(&front, &Settings { stats: true, ..Settings::new() });
    let (mut taken, mut bytes_taken, mut given) = (0u64, 0u64, 0u64);
    let take = |bytes| {
        (taken, bytes_taken) = (taken + 1, bytes_taken + bytes as u64);
        let block = allocator.take(&front, bytes);
        if block.is_null() { allocator.take_slow(&front, bytes) } else { block }
    };
    let give = |block| {
        given += 1;
        if !allocator.give(&front, block) {
            allocator.give_slow(&front, block).expect("a live block is taken back");
        }
    };
    random_mixed::<200_000>(take, give);
    let stats = allocator.stats();
    assert_eq!((stats.calls_taken, stats.bytes_taken, stats.calls_given), (taken, bytes_taken, given));
    assert!(stats.hits * 100 >= stats.calls_taken * 95, "{} hits of {} calls", stats.hits, stats.calls_taken);
    allocator.end_thread(&front).expect("no block was freed twice");
}

#[test]
fn an_unwatched_front_misses_at_most_5_of_100_calls() {
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), Front::new());
    let (mut calls, mut misses) = (0u64, 0u64);
    let take = |bytes| {
        calls += 1;
        let block = allocator.take(&front, bytes);
        if block.is_null() {
            misses += 1;
            return allocator.take_slow(&front, bytes);
        }
        block
    };
    let mut give_misses = 0u64;
    let give = |block| {
        if !allocator.give(&front, block) {
            give_misses += 1;
            allocator.give_slow(&front, block).expect("a live block is taken back");
        }
    };
    random_mixed::<200_000>(take, give);
    assert!(misses * 20 <= calls, "{misses} of {calls} calls took the slow path");
    assert!(give_misses * 20 <= calls, "{give_misses} of {calls} frees took the slow path");
    allocator.end_thread(&front).expect("no block was freed twice");
}
