//! Made-up programs over every provider, with refusals, under each measure.

use hakmem_core::{Allocator, Harden, PageProvider};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow, Region};
use hakmem_tests::scene::new_front;
use proptest::prelude::*;

use crate::strategies::actions;
use crate::{harden, sets};

const ZONE: usize = 8 << 20;

fn linux(zone_bytes: usize) -> Narrow<Faulty<LinuxPages>> {
    Narrow::new(Faulty::new(LinuxPages::new()), zone_bytes, usize::MAX)
}

/// Replays under measures: twice, so that what was left of the first time is used again.
fn replay<P: PageProvider>(provider: P, measures: Harden, may_refuse: bool, actions: &[Action]) {
    let allocator = Allocator::new(provider);
    let front = new_front();
    harden(&allocator, &front, measures);
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = may_refuse;
    driver.run(actions);
    driver.audit();
    driver.run(actions);
    allocator.end_thread(&front).expect("no block was freed twice");
    driver.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_static_region_serves_any_program(actions in actions()) {
        sets().for_each(|measures| replay(Region::new(64, ZONE), measures, true, &actions));
    }

    #[test]
    fn linux_serves_any_program(actions in actions()) {
        sets().for_each(|measures| replay(linux(1 << 30), measures, false, &actions));
    }

    #[test]
    fn linux_serves_any_program_in_small_zones(actions in actions()) {
        sets().for_each(|measures| replay(linux(4 << 20), measures, false, &actions));
    }

    #[test]
    fn any_measures_serve_any_program(actions in actions(), bits in any::<u8>()) {
        replay(linux(1 << 30), Harden::from_bits_truncate(bits), false, &actions);
    }

    #[test]
    fn measures_may_come_late(actions in actions(), bits in any::<u8>()) {
        let allocator = Allocator::new(linux(1 << 30));
        let mut driver = Driver::new(&allocator);
        driver.run(&actions);
        let front = new_front();
        harden(&allocator, &front, Harden::from_bits_truncate(bits));
        driver.run(&actions);
        // Threads that were there before go on unwatched, beside those that came later.
        for thread in 0..2 {
            driver.step(Action::EndThread { thread });
            driver.step(Action::EndThread { thread });
        }
        driver.run(&actions);
        allocator.end_thread(&front).expect("no block was freed twice");
        driver.finish();
    }

    #[test]
    fn refusals_lose_nothing(actions in actions(), bits in any::<u8>(), number in 1u64..60, for_good in any::<bool>(), keeps in any::<bool>()) {
        let allocator = Allocator::new(linux(ZONE));
        let faulty = allocator.provider().below();
        faulty.keep(keeps);
        if for_good { faulty.refuse_from(number) } else { faulty.refuse_once(number) }
        let front = new_front();
        harden(&allocator, &front, Harden::from_bits_truncate(bits));
        let mut driver = Driver::new(&allocator);
        driver.may_refuse = true;
        driver.run(&actions);
        driver.step(Action::Audit);
        faulty.serve();
        driver.run(&actions);
        allocator.end_thread(&front).expect("no block was freed twice");
        driver.finish();
    }
}

/// Each call of the provider refused once, under each measure.
#[test]
fn each_call_is_refused_once() {
    let actions: Vec<Action> = (0..3u8)
        .flat_map(|round| {
            let sizes = [8, 100, 1000, 4096, 30_000, 200_000, 300_000, 1_500_000];
            let taken = sizes.into_iter().enumerate().flat_map(move |(number, bytes)| {
                (0..4).map(move |copy| Action::Take { slot: number as u8 * 4 + copy + 32 * round, bytes })
            });
            let freed = (0..96).step_by(3).map(|slot| Action::GiveRemote { slot });
            let resized = (1..96).step_by(5).map(|slot| Action::Resize { slot, bytes: 5_000 + u32::from(slot) });
            taken.chain(freed).chain(resized).chain([Action::SwitchThread { thread: round }])
        })
        .collect();
    for measures in sets() {
        let run = |refused: Option<u64>| {
            let allocator = Allocator::new(linux(ZONE));
            let front = new_front();
            harden(&allocator, &front, measures);
            let faulty = allocator.provider().below();
            refused.inspect(|&number| faulty.refuse_once(number));
            let mut driver = Driver::new(&allocator);
            driver.may_refuse = refused.is_some();
            driver.run(&actions);
            driver.step(Action::Audit);
            let calls = faulty.calls();
            driver.run(&actions);
            allocator.end_thread(&front).expect("no block was freed twice");
            driver.finish();
            calls
        };
        let calls = run(None);
        assert!(calls >= 10, "the workload asks for pages: {calls} calls");
        (1..=calls).step_by(calls.div_ceil(30) as usize).for_each(|number| {
            run(Some(number));
        });
    }
}
