//! Regions that are full, and threads that end without memory.

use hakmem_core::Allocator;
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Region};
use hakmem_tests::scene::{give_slow, new_front};

use crate::loads::ZONE;

#[test]
fn a_full_region_refuses_and_goes_on() {
    let allocator = Allocator::new(Region::new(16, ZONE));
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    for bytes in [1_000_000, 200_000, 40_000, 4_000, 400, 40] {
        for slot in 0..=255 {
            driver.step(Action::Take { slot, bytes });
        }
        driver.step(Action::Audit);
    }
    assert!(driver.refused > 0, "16 MiB do not hold 256 runs of a mebibyte");
    driver.finish();
}

#[test]
fn a_thread_that_ends_without_memory_has_ended() {
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), new_front());
    allocator.provider().refuse_from(1);
    assert!(allocator.take_slow(&front, 100).is_null());
    allocator.end_thread(&front).expect("no block was freed twice");
    allocator.provider().serve();
    let block = allocator.take_slow(&front, 100);
    assert!(!block.is_null(), "calls after the end are served");
    assert_eq!(allocator.stats().threads, 0, "block by block: nobody will end the thread again");
    give_slow(&allocator, &front, block).expect("a live block is taken back");
}
