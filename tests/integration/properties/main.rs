//! Made-up programs over every provider: whatever a client does, the oracle agrees and the audits pass.

mod found;
mod strategies;

use hakmem_core::{Allocator, Harden, Off, PageProvider, Settings};
use hakmem_tests::action::{Action, decode};
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Coarse, Faulty, LinuxPages, Narrow, Region};
use proptest::prelude::*;

use strategies::actions;

const ZONE: usize = 8 << 20;

fn replay<P: PageProvider>(provider: P, may_refuse: bool, actions: &[Action]) {
    let allocator = Allocator::new(provider);
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = may_refuse;
    driver.run(actions);
    driver.finish();
}

/// What a fuzzer would send.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..600)
}

fn linux(zone_bytes: usize) -> Narrow<Faulty<LinuxPages>> {
    Narrow::new(Faulty::new(LinuxPages::new()), zone_bytes, usize::MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_static_region_serves_any_program(actions in actions()) {
        replay(Region::new(48, ZONE), true, &actions);
    }

    #[test]
    fn linux_serves_any_program(actions in actions()) {
        replay(linux(1 << 30), false, &actions);
    }

    #[test]
    fn linux_serves_any_program_in_small_zones(actions in actions()) {
        replay(linux(4 << 20), false, &actions);
    }

    #[test]
    fn pages_of_any_size_serve_any_program(actions in actions(), shift in 13..=16u32, small in any::<bool>()) {
        // None is shorter than the system's.
        let page = LinuxPages::new().page_bytes().max(1 << shift);
        replay(Coarse::new(linux(if small { 4 << 20 } else { 1 << 30 }), page), false, &actions);
    }

    #[test]
    fn a_watched_program_is_served_the_same(actions in actions(), exact in any::<bool>()) {
        let allocator = Allocator::new(linux(1 << 30));
        let mut driver = Driver::new(&allocator);
        let harden = if exact { Harden::DOUBLE_FREE } else { Harden::empty() };
        driver.configure(&Settings::new().with(|settings| { settings.stats = true; settings.harden = harden; }));
        driver.run(&actions);
        driver.finish();
    }

    #[test]
    fn whatever_is_off_serves_any_program(actions in actions(), first in any::<u8>(), later in any::<u8>()) {
        let allocator = Allocator::new(linux(1 << 30));
        let mut driver = Driver::new(&allocator);
        for off in [first, later].map(Off::from_bits_truncate) {
            driver.configure(&Settings::new().with(|settings| settings.off = off));
            driver.run(&actions);
        }
        driver.finish();
    }

    #[test]
    fn all_off_serves_any_program(actions in actions()) {
        let allocator = Allocator::new(linux(4 << 20));
        let mut driver = Driver::new(&allocator);
        driver.configure(&Settings::new().with(|settings| settings.off = Off::all()));
        driver.run(&actions);
        driver.finish();
    }

    #[test]
    fn refusals_lose_nothing(actions in actions(), number in 1u64..40, for_good in any::<bool>(), keeps in any::<bool>()) {
        let allocator = Allocator::new(Narrow::new(Faulty::new(Region::new(48, ZONE)), ZONE, usize::MAX));
        let faulty = allocator.provider().below();
        faulty.keep(keeps);
        if for_good { faulty.refuse_from(number) } else { faulty.refuse_once(number) }
        let mut driver = Driver::new(&allocator);
        driver.may_refuse = true;
        driver.run(&actions);
        driver.step(Action::Audit);
        faulty.serve();
        driver.run(&actions);
        driver.finish();
    }

    #[test]
    fn any_bytes_are_a_program(noise in noise()) {
        replay(Region::new(48, ZONE), true, &decode(&noise));
    }
}
