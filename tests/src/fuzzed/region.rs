//! Actions on the heaps for firmware: every profile, over a region of any size at any offset.

#![allow(unsafe_code, reason = "gives a region away")]

use hakmem_core::region::{Bounded, Capabilities, Heap, Profile, RegionError, Several, Slabs, Spin, Tiny};
use hakmem_replay::{Actions, Session};

use super::Input;
use super::folding::Folding;
use crate::ground::{Ground, SLOTS};

/// What comes before the actions.
#[derive(Clone, Copy)]
struct Head {
    bytes: usize,
    /// From a multiple of 16 on.
    offset: usize,
    folding: Folding,
    /// Steps from audit to audit.
    every: usize,
    /// Where several regions part, and in which order they come.
    parts: [u8; 3],
}

impl Head {
    fn read(input: &mut Input<'_>) -> Self {
        let (size, shift, offset, modes) = (usize::from(input.word()), input.byte() % 6, input.byte(), input.byte());
        let bytes = if shift < 4 { size >> shift } else { size << (2 * (shift - 3)) };
        // Mostly where a region can be.
        let offset = usize::from(if offset < 16 { offset } else { offset & 8 });
        let folding = if modes & 1 == 0 {
            Folding { most_bytes: (bytes + bytes / 8) as u32, most_align_shift: 12, left_bytes: u64::MAX }
        } else {
            Folding { most_bytes: u32::MAX, most_align_shift: 21, left_bytes: u64::MAX }
        };
        let parts = [input.byte(), input.byte(), input.byte()];
        Self { bytes, offset, folding, every: 1 + usize::from(modes >> 1), parts }
    }

    /// What a heap must say of the region; where it may say two things, `None`.
    fn expected<P: Profile>(&self) -> Option<Result<(), RegionError>> {
        if !self.offset.is_multiple_of(8) {
            Some(Err(RegionError::Unaligned))
        } else if self.bytes > P::MOST_BYTES {
            Some(Err(RegionError::TooLarge))
        } else {
            (self.bytes >= P::LEAST_BYTES).then_some(Ok(()))
        }
    }
}

/// Replays the actions on a heap that has its regions.
fn play<P: Profile>(heap: &Heap<P, Spin>, ground: &mut Ground, mut head: Head, sees_sizes: bool, actions: Actions<'_>) {
    let holes = heap.stats().holes;
    let mut session: Session<'_, P, _, SLOTS> = Session::new(heap, ground.start(), head.bytes.max(1));
    session.sees_sizes = sees_sizes;
    for (number, action) in actions.filter_map(|action| head.folding.fold(action)).enumerate() {
        session.step(action);
        if number.is_multiple_of(head.every) {
            session.audit();
        }
    }
    session.finish();
    assert_eq!(heap.stats().holes, holes, "{}", heap.stats());
}

fn one<P: Profile>(head: Head, sees_sizes: bool, actions: Actions<'_>) {
    let mut ground = Ground::new(head.bytes, head.offset);
    let heap: Heap<P, Spin> = Heap::empty();
    // SAFETY: `ground` lives as long as the heap, and leaves its region to it.
    let taken = unsafe { heap.init(ground.start(), head.bytes) };
    match head.expected::<P>() {
        Some(expected) => assert_eq!(taken, expected, "{} bytes at {}", head.bytes, head.offset),
        None => assert!(matches!(taken, Ok(()) | Err(RegionError::TooSmall)), "{taken:?}"),
    }
    if taken.is_ok() {
        play(&heap, &mut ground, head, sees_sizes, actions);
    }
    ground.check_margins();
}

fn three<P: Profile>(head: Head, sees_sizes: bool, actions: Actions<'_>) {
    let mut ground = Ground::new(head.bytes, head.offset);
    let heap: Heap<Several<3, P>, Spin> = Heap::empty();
    let share = |part: u8| (head.bytes * usize::from(part) / 512) & !7;
    let (first, second) = (share(head.parts[0]), share(head.parts[0]) + share(head.parts[1]));
    let mut parts = [(0, first), (first, second - first), (second, head.bytes - second)];
    parts.rotate_left(usize::from(head.parts[2] % 3));
    let mut added = 0;
    for (start, bytes) in parts {
        let capabilities = Capabilities::from_bits_truncate(head.parts[2] >> 2 >> (2 * added));
        let start = ground.start().wrapping_add(start);
        // SAFETY: parts of what lives as long as the heap.
        added += usize::from(unsafe { heap.add_region(start, bytes, capabilities) }.is_ok());
    }
    assert!(added == 0 || head.offset.is_multiple_of(8), "{added} unaligned regions");
    play(&heap, &mut ground, head, sees_sizes, actions);
    ground.check_margins();
}

/// A profile, a head, actions.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let profile = input.byte();
    let head = Head::read(&mut input);
    let actions = Actions::new(input.rest());
    match profile % 9 {
        0 => one::<Tiny>(head, false, actions),
        1 => one::<Bounded>(head, true, actions),
        2 => one::<Slabs>(head, false, actions),
        3 => one::<Slabs<512>>(head, false, actions),
        4 => one::<Slabs<1024>>(head, false, actions),
        5 => one::<Slabs<4096>>(head, false, actions),
        6 => three::<Tiny>(head, false, actions),
        7 => three::<Bounded>(head, true, actions),
        _ => three::<Slabs>(head, false, actions),
    }
}
