//! Memory of which a part is a heap's region: nobody may write beside it.

#![allow(unsafe_code, reason = "gives a region away, and reads what is beside it")]

use hakmem_core::region::{Heap, Profile, RegionError, Spin};
use hakmem_replay::{Action, Session, Summary};

/// Blocks that a session can have at once.
pub const SLOTS: usize = 256;

/// Bytes on both sides of the region that nobody may write.
const MARGIN: usize = 64;
const MARGIN_BYTE: u8 = 0xA5;
/// Memory of which a part is a heap's region.
pub struct Ground {
    memory: Vec<u128>,
    start: usize,
    bytes: usize,
}

impl Ground {
    /// A region of `bytes`, `offset` behind a multiple of 16.
    pub fn new(bytes: usize, offset: usize) -> Self {
        let start = MARGIN + offset;
        let words = (start + bytes + MARGIN).div_ceil(16);
        let filler = u128::from_ne_bytes([MARGIN_BYTE; 16]);
        Self { memory: vec![filler; words], start, bytes }
    }

    /// Where it begins.
    pub fn start(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast::<u8>().wrapping_add(self.start)
    }

    /// Panics if somebody wrote beside the region.
    pub fn check_margins(&mut self) {
        let (start, bytes) = (self.start(), self.bytes);
        let before = start.wrapping_sub(MARGIN);
        let behind = start.wrapping_add(bytes);
        for (margin, words) in [(before, "before"), (behind, "behind")] {
            // SAFETY: part of the memory, which no heap was given.
            let margin = unsafe { core::slice::from_raw_parts(margin, MARGIN) };
            assert!(margin.iter().all(|&byte| byte == MARGIN_BYTE), "{words} a region of {bytes} bytes was written");
        }
    }
}

/// Replays actions on a heap over `bytes` bytes, `offset` behind a multiple of 16; in the end nothing is missing, and
/// nothing beside them was written.
///
/// # Errors
///
/// What the heap says of the region.
pub fn replay<P: Profile>(
    bytes: usize,
    offset: usize,
    actions: impl IntoIterator<Item = Action>,
) -> Result<Summary, RegionError> {
    let mut ground = Ground::new(bytes, offset);
    let heap: Heap<P, Spin> = Heap::empty();
    // SAFETY: `ground` lives as long as the heap, and leaves its region to it.
    let taken = unsafe { heap.init(ground.start(), bytes) };
    ground.check_margins();
    taken?;
    let mut session: Session<'_, P, _, SLOTS> = Session::new(&heap, ground.start(), bytes);
    actions.into_iter().for_each(|action| session.step(action));
    let summary = session.finish();
    assert_eq!(heap.stats().holes, 1, "{}", heap.stats());
    ground.check_margins();
    Ok(summary)
}
