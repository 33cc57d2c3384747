//! What proptest makes up: sizes as programs ask for them, and lists of actions.

use hakmem_tests::action::{ALIGN_SHIFT_MOST, Action};
use proptest::collection::vec;
use proptest::prelude::*;

/// Mostly small, now and then a run, seldom a mapping.
pub(crate) fn bytes() -> impl Strategy<Value = u32> {
    prop_oneof![
        8 => 0u32..=130,
        8 => 0u32..=1100,
        4 => 1000u32..=40_000,
        2 => 30_000u32..=300_000,
        1 => 250_000u32..=1_100_000,
        1 => 1_040_000u32..=2_200_000,
    ]
}

fn slot() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0u8..40, 1 => any::<u8>()]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        12 => (slot(), bytes()).prop_map(|(slot, bytes)| Action::Take { slot, bytes }),
        // Many of one size: spans and magazines fill.
        12 => (any::<u8>(), prop_oneof![Just(8u32), Just(40), Just(512), Just(2048)])
            .prop_map(|(slot, bytes)| Action::Take { slot, bytes }),
        4 => (slot(), bytes()).prop_map(|(slot, bytes)| Action::TakeZeroed { slot, bytes }),
        3 => (slot(), bytes(), 0..=ALIGN_SHIFT_MOST)
            .prop_map(|(slot, bytes, align_shift)| Action::TakeAligned { slot, bytes, align_shift }),
        12 => slot().prop_map(|slot| Action::Give { slot }),
        4 => any::<u8>().prop_map(|slot| Action::Give { slot }),
        6 => (slot(), bytes()).prop_map(|(slot, bytes)| Action::Resize { slot, bytes }),
        8 => slot().prop_map(|slot| Action::GiveRemote { slot }),
        3 => (0u8..4).prop_map(|thread| Action::SwitchThread { thread }),
        1 => (0u8..4).prop_map(|thread| Action::EndThread { thread }),
        1 => Just(Action::Trim),
        1 => Just(Action::Audit),
    ]
}

/// A program.
pub(crate) fn actions() -> impl Strategy<Value = Vec<Action>> {
    vec(action(), 1..400)
}
