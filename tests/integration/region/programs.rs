//! Made-up programs: whatever a client does, the oracle agrees and the audits pass.

use hakmem_core::region::{Bounded, Profile, Slabs, Tiny};
use hakmem_replay::Action;
use hakmem_tests::action::decode;
use hakmem_tests::ground::replay;
use proptest::prelude::*;

const MOST_BYTES: usize = 40_000;

/// Sizes are folded into the region, which a few exceed.
fn replay_folded<P: Profile>(granules: usize, offset: usize, actions: &[Action]) {
    let most = granules as u32 * 9;
    let fold = |action| match action {
        Action::Take { slot, bytes } => Action::Take { slot, bytes: bytes % most },
        Action::TakeZeroed { slot, bytes } => Action::TakeZeroed { slot, bytes: bytes % most },
        Action::TakeAligned { slot, bytes, align_shift } => {
            Action::TakeAligned { slot, bytes: bytes % most, align_shift: align_shift % 13 }
        }
        Action::Resize { slot, bytes } => Action::Resize { slot, bytes: bytes % most },
        other => other,
    };
    replay::<P>(granules * 8, offset * 8, actions.iter().copied().map(fold)).expect("a region that is right");
}

/// Small requests are most of a program's.
fn action() -> impl Strategy<Value = Action> {
    let slot = || any::<u8>().prop_map(|slot| slot % 64);
    let bytes = || prop_oneof![6 => 0..64u32, 4 => 0..600u32, 1 => 0..70_000u32];
    prop_oneof![
        6 => (slot(), bytes()).prop_map(|(slot, bytes)| Action::Take { slot, bytes }),
        1 => (slot(), bytes()).prop_map(|(slot, bytes)| Action::TakeZeroed { slot, bytes }),
        2 => (slot(), bytes(), 0..13u8)
            .prop_map(|(slot, bytes, align_shift)| Action::TakeAligned { slot, bytes, align_shift }),
        6 => slot().prop_map(|slot| Action::Give { slot }),
        3 => (slot(), bytes()).prop_map(|(slot, bytes)| Action::Resize { slot, bytes }),
        1 => Just(Action::Audit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_program_on_both(
        granules in 8..MOST_BYTES / 8,
        offset in 0..2usize,
        actions in prop::collection::vec(action(), 1..400),
    ) {
        replay_folded::<Tiny>(granules, offset, &actions);
        replay_folded::<Bounded>(granules, offset, &actions);
        replay_folded::<Slabs>(granules + 23, offset, &actions);
        replay_folded::<Slabs<1024>>(granules + 23, offset, &actions);
    }

    #[test]
    fn any_bytes_of_a_fuzzer(granules in 8..4_096usize, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let actions = decode(&bytes);
        replay_folded::<Tiny>(granules, 0, &actions);
        replay_folded::<Bounded>(granules, 1, &actions);
        replay_folded::<Slabs<512>>(granules + 23, 1, &actions);
    }
}
