//! The host's programs (tests/integration/streams.rs), against the same oracle.

#![allow(unsafe_code, reason = "gives heaps their regions")]

use hakmem_core::region::{Capabilities, CriticalSection, Heap, Profile, Several};
use hakmem_replay::stream::{SEEDS, Stream};
use hakmem_replay::{Session, Summary};

use crate::arena::{self, Part};
use crate::board::sizes::{ACTIONS, ARENA_BYTES, SLOTS};

/// What the arena has beside a region of nearly all of it.
const MARGIN: usize = 64;

fn replay<P: Profile>(seed: u32, heap: &Heap<P>, start: *mut u8, bytes: usize) -> Summary {
    let mut session = Session::<P, CriticalSection, SLOTS>::new(heap, start, bytes);
    Stream::new(seed, (bytes / 3) as u32).take(ACTIONS).for_each(|action| session.step(action));
    session.finish()
}

fn in_region<P: Profile>(seed: u32, part: Part) {
    let summary = arena::lend([part], |[start]| {
        let heap = Heap::<P>::empty();
        // SAFETY: lent to it, for as long as it lives.
        unsafe { heap.init(start, part.1) }.expect("the region is a good one");
        replay(seed, &heap, start, part.1)
    });
    assert!(summary.placed > 0, "{part:?}, seed {seed:#x}: {summary}");
}

pub(super) fn in_one_region<P: Profile>() {
    for seed in SEEDS {
        in_region::<P>(seed, (16, ARENA_BYTES - MARGIN));
        in_region::<P>(seed, (24, ARENA_BYTES - MARGIN));
    }
}

pub(super) fn in_small_regions<P: Profile>() {
    for (seed, bytes) in SEEDS.into_iter().zip([48, 64, 100, 256, 1000, 1001, 2048, 4096]) {
        for offset in [8, 16, 24, 32] {
            in_region::<P>(seed, (offset, bytes.max(P::LEAST_BYTES)));
        }
    }
}

pub(super) fn in_several_regions<P: Profile>() {
    const BYTES: usize = ARENA_BYTES / 4;
    // Not in the order of their addresses.
    const PARTS: [Part; 3] = [(2 * BYTES + 16, BYTES), (16, BYTES - 8), (BYTES + 40, BYTES / 2)];
    for seed in SEEDS {
        arena::lend(PARTS, |starts| {
            let heap = Heap::<Several<3, P>>::empty();
            for (start, (_, bytes)) in starts.into_iter().zip(PARTS) {
                // SAFETY: lent to it, for as long as it lives.
                unsafe { heap.add_region(start, bytes, Capabilities::INTERNAL) }.expect("the region is a good one");
            }
            let summary = replay(seed, &heap, starts[1], 3 * BYTES);
            assert!(summary.placed > 0, "seed {seed:#x}: {summary}");
        });
    }
}
