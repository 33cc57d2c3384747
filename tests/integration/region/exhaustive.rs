//! Every region of 0 to 4,096 bytes at every offset to a multiple of 16: an error, or a heap that is right.

#![allow(unsafe_code, reason = "gives a region away")]

use hakmem_core::region::{Bounded, Heap, Profile, RegionError, Slabs, Spin, Tiny};
use hakmem_replay::Action;
use hakmem_tests::ground::{Ground, replay};

const MOST: usize = 4_096;
const OFFSETS: usize = 16;

/// Sizes and alignments, as powers of two, that a small program asks for: some are too large for a small region.
const REQUESTS: [(u32, u8); 12] =
    [(1, 0), (8, 3), (24, 3), (16, 4), (100, 2), (40, 6), (7, 1), (512, 3), (33, 5), (200, 7), (3, 0), (1_000, 3)];

fn take(slot: u8, (bytes, align_shift): (u32, u8)) -> Action {
    Action::TakeAligned { slot, bytes, align_shift }
}

/// The whole in one piece, and not a byte more; then many blocks, of which every other one goes back, and others come
/// into the gaps and grow.
fn program(capacity: u32) -> impl Iterator<Item = Action> {
    let whole = [take(0, (capacity, 3)), take(1, (1, 0)), Action::Give { slot: 0 }];
    let many = (0..24).zip(REQUESTS.into_iter().cycle()).map(|(slot, request)| take(slot, request));
    let gaps = (0..24).step_by(2).map(|slot| Action::Give { slot });
    let fillers = (24..36).zip(REQUESTS).map(|(slot, (bytes, shift))| take(slot, (bytes.div_ceil(2), shift)));
    let grown = (24..36).step_by(3).map(|slot| Action::Resize { slot, bytes: 40 });
    whole.into_iter().chain(many).chain([Action::Audit]).chain(gaps).chain(fillers).chain(grown)
}

fn capacity<P: Profile>(bytes: usize, offset: usize) -> Result<usize, RegionError> {
    let mut ground = Ground::new(bytes, offset);
    let heap: Heap<P, Spin> = Heap::empty();
    // SAFETY: `ground` lives as long as the heap.
    unsafe { heap.init(ground.start(), bytes) }?;
    Ok(heap.stats().capacity)
}

/// `spared`: bytes fewer that are enough where the offset is 8.
fn every_region<P: Profile>(spared: usize) {
    for bytes in 0..=MOST {
        for offset in 0..OFFSETS {
            let expected = match () {
                () if !offset.is_multiple_of(8) => Err(RegionError::Unaligned),
                () if bytes < P::LEAST_BYTES - if offset == 8 { spared } else { 0 } => Err(RegionError::TooSmall),
                () => Ok(()),
            };
            let capacity = capacity::<P>(bytes, offset);
            assert_eq!(capacity.map(drop), expected, "{bytes} bytes at {offset}");
            let Ok(capacity) = capacity else { continue };
            assert!((1..=bytes).contains(&capacity), "{capacity} of {bytes} bytes at {offset}");
            let whole = replay::<P>(bytes, offset, program(capacity as u32).take(2)).expect("a right region");
            assert_eq!((whole.placed, whole.refused), (1, 1), "all {capacity} of {bytes} bytes at {offset}");
            replay::<P>(bytes, offset, program(capacity as u32)).expect("a right region");
        }
    }
}

#[test]
fn tiny() {
    every_region::<Tiny>(0);
}

#[test]
fn slabs() {
    every_region::<Slabs>(0);
}

#[test]
fn bounded() {
    // The marks are before the first multiple of 16.
    every_region::<Bounded>(8);
}
