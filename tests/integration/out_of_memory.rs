//! Every call to the provider is refused once, in a run of its own: null comes back, nothing is lost, and
//! all works again after.

use hakmem_core::{Allocator, Front, PageProvider};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow, Region};

const ZONE: usize = 8 << 20;

/// A bit of everything: it needs zones, superslabs, store chunks, mappings and remaps.
fn workload() -> Vec<Action> {
    let mut actions = Vec::new();
    for round in 0..3u8 {
        actions.push(Action::SwitchThread { thread: round });
        for (number, bytes) in [8, 16, 100, 1000, 1100, 4096, 30_000, 200_000, 300_000].into_iter().enumerate() {
            for copy in 0..8 {
                let slot = number as u8 * 8 + copy + 72 * round;
                actions.push(match copy {
                    0 => Action::TakeZeroed { slot, bytes },
                    1 => Action::TakeAligned { slot, bytes, align_shift: 12 },
                    _ => Action::Take { slot, bytes },
                });
            }
        }
        actions
            .extend([Action::Take { slot: 250, bytes: 1 << 20 }, Action::TakeZeroed { slot: 251, bytes: 1_500_000 }]);
        actions
            .extend([Action::Resize { slot: 251, bytes: 3_000_000 }, Action::Resize { slot: 250, bytes: 2_000_000 }]);
        actions.push(Action::TakeAligned { slot: 252, bytes: 100, align_shift: 21 });
        actions.extend((0..216).step_by(3).map(|slot| Action::GiveRemote { slot }));
        actions.extend((1..216).step_by(5).map(|slot| Action::Resize { slot, bytes: u32::from(slot) * 90 }));
        if round == 1 {
            actions.extend([Action::EndThread { thread: 0 }, Action::Trim]);
        }
    }
    actions
}

/// Replays the workload with what `refuse` does; returns provider calls and nulls.
fn run<P: PageProvider>(below: P, keeps: bool, refuse: impl FnOnce(&Faulty<Narrow<P>>)) -> (u64, usize) {
    let allocator = Allocator::new(Faulty::new(Narrow::new(below, ZONE, usize::MAX)));
    let faulty = allocator.provider();
    faulty.keep(keeps);
    refuse(faulty);
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    driver.run(&workload());
    driver.step(Action::Audit);
    let (calls, refused) = (faulty.calls(), driver.refused);
    faulty.serve();
    driver.may_refuse = false;
    driver.run(&workload());
    driver.finish();
    (calls, refused)
}

fn each_call_refused<P: PageProvider>(below: impl Fn() -> P) {
    let (calls, refused) = run(below(), false, |_| {});
    assert_eq!(refused, 0, "with memory nothing is refused");
    assert!(calls >= 10, "the workload asks for pages: {calls} calls");
    for number in 1..=calls {
        run(below(), number % 2 == 0, |faulty| faulty.refuse_once(number));
        let (_, refused) = run(below(), number % 2 == 1, |faulty| faulty.refuse_from(number));
        assert!(refused > 0 || number > calls / 2, "call {number} of {calls} and all after it are not needed");
    }
}

#[test]
fn linux_refuses_each_call() {
    each_call_refused(LinuxPages::new);
}

#[test]
fn a_region_refuses_each_call() {
    each_call_refused(|| Region::new(80, ZONE));
}

#[test]
fn nothing_at_all_is_null_and_no_more() {
    let (_, refused) = run(LinuxPages::new(), false, |faulty| faulty.refuse_from(1));
    assert!(refused > 200, "{refused}");
}

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
    let (allocator, front) = (Allocator::new(Faulty::new(LinuxPages::new())), Front::new());
    allocator.provider().refuse_from(1);
    assert!(allocator.take_slow(&front, 100).is_null());
    allocator.end_thread(&front).expect("no block was freed twice");
    allocator.provider().serve();
    let block = allocator.take_slow(&front, 100);
    assert!(!block.is_null(), "calls after the end are served");
    assert_eq!(allocator.stats().threads, 0, "block by block: nobody will end the thread again");
    allocator.give_slow(&front, block).expect("a live block is taken back");
}
