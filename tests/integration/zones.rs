//! Small address spaces: many zones, and in the end none.

#![allow(unsafe_code, reason = "gives a block back by its class")]

use hakmem_core::seam::SizeClass;
use hakmem_core::{Allocator, Front};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give_fast, give_slow, new_front, take_sized};

type Pages = Narrow<Faulty<LinuxPages>>;

const MIB: usize = 1 << 20;

fn allocator(zone_bytes: usize, most: usize) -> Allocator<Pages> {
    Allocator::new(Narrow::new(Faulty::new(LinuxPages::new()), zone_bytes, most))
}

/// Twice over every slot, by several threads.
fn fill(driver: &mut Driver<'_, Pages>, bytes: u32) {
    for round in 0..2u8 {
        driver.step(Action::SwitchThread { thread: round });
        for slot in 0..=255u8 {
            if slot % 3 == round {
                driver.step(Action::GiveRemote { slot });
            }
            driver.step(Action::Take { slot, bytes: bytes + u32::from(slot) });
        }
    }
}

#[test]
fn many_zones_serve_as_one_does() {
    for zone_bytes in [2 * MIB, 4 * MIB] {
        let allocator = allocator(zone_bytes, usize::MAX);
        let mut driver = Driver::new(&allocator);
        for bytes in [300_000, 16, 200, 1000, 40_000, 3000] {
            fill(&mut driver, bytes);
            driver.step(Action::Audit);
        }
        assert!(allocator.stats().zones > 8, "{:?}", allocator.stats());
        driver.finish();
    }
}

/// Blocks of 64 bytes, 5 MB of them: the last ones are of the third zone of 2 MiB.
fn past_the_first_zone(allocator: &Allocator<Pages>, front: &Front) -> Vec<*mut u8> {
    let blocks = (0..80_000).map(|_| {
        let block = allocator.take(front, 64);
        if block.is_null() { allocator.take_slow(front, 64) } else { block }
    });
    blocks.collect()
}

#[test]
fn a_thread_whose_front_is_open_frees_blocks_of_other_zones() {
    let allocator = allocator(2 * MIB, usize::MAX);
    let (one, two) = (new_front(), new_front());
    // Front two has a magazine of the class, and blocks of the first zone only.
    let own = allocator.take_slow(&two, 64);
    let blocks = past_the_first_zone(&allocator, &one);
    assert!(allocator.stats().zones >= 3);
    for &block in blocks.iter().rev() {
        if !give_fast(&allocator, &two, block) {
            give_slow(&allocator, &two, block).expect("a live block is taken back");
        }
    }
    assert!(give_fast(&allocator, &two, own) || give_slow(&allocator, &two, own).is_ok());
    for front in [&one, &two] {
        allocator.end_thread(front).expect("no block was freed twice");
    }
    allocator.trim(&one);
    // SAFETY: one real thread.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!((audit.live_blocks, audit.spans), (0, 0), "{audit:?}");
}

#[test]
fn sized_blocks_of_every_zone_come_and_go() {
    let allocator = allocator(2 * MIB, usize::MAX);
    let (one, two) = (new_front(), new_front());
    let class = SizeClass::of(64);
    let mut blocks = vec![];
    while allocator.stats().zones < 3 {
        // SAFETY: a class with a magazine.
        let block = unsafe { one.pop(class) };
        blocks.push(if block.is_null() { take_sized(&allocator, &one, class) } else { block });
    }
    for &block in blocks.iter().rev() {
        assert_eq!(allocator.class_of(block), Some(class));
        // SAFETY: taken for this class above.
        if !unsafe { two.push(class, block) } {
            // SAFETY: as above.
            unsafe { allocator.give_sized(&two, class, block) }.expect("a live block is taken back");
        }
    }
    for front in [&one, &two] {
        allocator.end_thread(front).expect("no block was freed twice");
    }
    allocator.trim(&one);
    // SAFETY: one real thread.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!((audit.live_blocks, audit.spans), (0, 0), "{audit:?}");
}

#[test]
fn where_no_large_zone_fits_a_smaller_one_does() {
    let allocator = allocator(1 << 40, 40 * MIB);
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    for bytes in [64, 5000, 100_000, 500_000, 2_000_000] {
        fill(&mut driver, bytes);
        driver.step(Action::Audit);
    }
    assert!(driver.refused > 0, "40 MiB do not hold all that");
    assert!(allocator.stats().zones >= 1);
    driver.finish();
}

#[test]
fn small_blocks_are_served_until_the_address_space_ends() {
    for most in [3 * MIB, 5 * MIB, 9 * MIB, 17 * MIB] {
        let allocator = allocator(64 * MIB, most);
        let mut driver = Driver::new(&allocator);
        driver.may_refuse = true;
        fill(&mut driver, 100_000);
        fill(&mut driver, 40);
        assert!(driver.refused > 0, "{most} bytes do not hold 25 MB");
        driver.finish();
    }
}

#[test]
fn there_is_an_end_to_zones() {
    let allocator = allocator(2 * MIB, usize::MAX);
    let mut driver = Driver::new(&allocator);
    for slot in 0..=255 {
        driver.step(Action::Take { slot, bytes: 1 << 20 });
    }
    assert_eq!(allocator.stats().zones, 64);
    let stats = allocator.stats();
    assert_eq!(stats.active, 128 << 20, "64 zones of 2 MiB hold 128 runs of 1 MiB: {stats:?}");
    assert_eq!((stats.large, driver.refused), (128 << 20, 0), "the rest is mapped: {stats:?}");
    driver.finish();
}
