//! The front serves nearly all calls, and a watched thread's calls are counted one by one.

use hakmem_core::{Allocator, Off, Settings};
use hakmem_tests::providers::{Faulty, LinuxPages};
use hakmem_tests::scene::{give, give_fast, give_slow, new_front, take};

const SEED: u64 = 0x2545_F491_4F6C_DD1D;

fn xorshift(draw: &mut u64) -> usize {
    *draw ^= *draw << 13;
    *draw ^= *draw >> 7;
    *draw ^= *draw << 17;
    (*draw >> 16) as usize
}

/// The `random_mixed` workload: 16 to 1,039 bytes, one of 256 slots toggled a step.
fn random_mixed<const STEPS: usize>(mut take: impl FnMut(usize) -> *mut u8, mut give: impl FnMut(*mut u8)) {
    let mut slots = [core::ptr::null_mut::<u8>(); 256];
    let mut draw = SEED;
    for _ in 0..STEPS {
        xorshift(&mut draw);
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
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), new_front());
    allocator.configure(&front, &Settings::new().with(|settings| settings.stats = true));
    let (mut taken, mut bytes_taken, mut given) = (0u64, 0u64, 0u64);
    let take = |bytes| {
        (taken, bytes_taken) = (taken + 1, bytes_taken + bytes as u64);
        let block = allocator.take(&front, bytes);
        if block.is_null() { allocator.take_slow(&front, bytes) } else { block }
    };
    let give = |block| {
        given += 1;
        if !give_fast(&allocator, &front, block) {
            give_slow(&allocator, &front, block).expect("a live block is taken back");
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
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), new_front());
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
        if !give_fast(&allocator, &front, block) {
            give_misses += 1;
            give_slow(&allocator, &front, block).expect("a live block is taken back");
        }
    };
    random_mixed::<200_000>(take, give);
    assert!(misses * 20 <= calls, "{misses} of {calls} calls took the slow path");
    assert!(give_misses * 20 <= calls, "{give_misses} of {calls} frees took the slow path");
    allocator.end_thread(&front).expect("no block was freed twice");
}

/// A thousand blocks of many classes, whose magazines hold as many: what comes and goes is no fall.
#[test]
fn a_set_whose_magazines_are_as_large_keeps_them() {
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), new_front());
    allocator.configure(&front, &Settings::new().with(|settings| settings.stats = true));
    let mut draw = SEED;
    let mut slots = vec![core::ptr::null_mut::<u8>(); 1_000];
    let mut replace = |times: u64| {
        let before = allocator.stats();
        for _ in 0..times {
            let slot = &mut slots[xorshift(&mut draw) % 1_000];
            if !slot.is_null() {
                give(&allocator, &front, *slot);
            }
            let power = 16 << (xorshift(&mut draw) % 10);
            *slot = take(&allocator, &front, power + xorshift(&mut draw) % power);
        }
        times - (allocator.stats().hits - before.hits)
    };
    replace(100_000);
    let misses = replace(100_000);
    assert!(misses * 200 <= 100_000, "{misses} of 100,000 calls met an empty magazine");
    slots.into_iter().for_each(|block| give(&allocator, &front, block));
    allocator.end_thread(&front).expect("no block was freed twice");
}

/// One thread takes, another only frees: the magazine of the second has 14 slots, and keeps nothing when it is full.
#[test]
fn who_never_took_hands_back_all_that_a_magazine_holds() {
    let (allocator, maker, giver) = (Allocator::new(Faulty::new(LinuxPages::new())), new_front(), new_front());
    allocator.configure(&maker, &Settings::new().with(|settings| settings.off = Off::STARTERS));
    let mut misses = 0;
    for _ in 0..1_400 {
        let block = take(&allocator, &maker, 100);
        if !give_fast(&allocator, &giver, block) {
            misses += 1;
            give_slow(&allocator, &giver, block).expect("a live block is taken back");
        }
    }
    assert!((100..=105).contains(&misses), "{misses} of 1,400 frees took the slow path");
    allocator.end_thread(&giver).expect("no block was freed twice");
    allocator.end_thread(&maker).expect("no block was freed twice");
}
