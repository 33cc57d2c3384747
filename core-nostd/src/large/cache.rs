//! Freed large blocks that are kept, because the program was seen to ask for such blocks again.
//!
//! `large-wanted`: a block is kept only within what came back before: each size that was freed, not kept,
//! and then asked for adds itself to `wanted`; each kept block that nobody took in time goes off it.

use super::mapping::Mapping;
use crate::base::millis::Millis;
use crate::policy::retention;

const SLOTS: usize = 16;

/// See the file's head.
pub(super) struct Cache {
    /// Blocks, and since when they are kept.
    kept: [(Mapping, Millis); SLOTS],
    /// Bytes of the last ones that were not kept.
    gone: [usize; SLOTS],
    next_gone: usize,
    wanted: usize,
}

/// True if a block of `have` bytes may serve a request of `bytes`: at most a quarter is too much.
fn fits(have: usize, bytes: usize) -> bool {
    have >= bytes && have - bytes <= bytes / 4
}

impl Cache {
    pub(super) const fn new() -> Self {
        Self { kept: [(Mapping::NONE, Millis::ZERO); SLOTS], gone: [0; SLOTS], next_gone: 0, wanted: 0 }
    }

    /// A kept block of at least `bytes` at a multiple of `align`.
    pub(super) fn take(&mut self, bytes: usize, align: usize) -> Option<Mapping> {
        let suits = |kept: &Mapping| fits(kept.bytes, bytes) && kept.start.addr() & (align - 1) == 0;
        let best = self.kept.iter_mut().filter(|(kept, _)| suits(kept)).min_by_key(|(kept, _)| kept.bytes);
        if let Some((best, _)) = best {
            return Some(core::mem::replace(best, Mapping::NONE));
        }
        if let Some(gone) = self.gone.iter_mut().find(|gone| fits(**gone, bytes)) {
            self.wanted = self.wanted.saturating_add(core::mem::take(gone));
        }
        None
    }

    /// Keeps a block if all kept ones then are at most `room` bytes and no more than is wanted.
    pub(super) fn keep(&mut self, mapping: Mapping, now: Millis, room: usize) -> bool {
        self.wanted = self.wanted.min(room);
        let fits = self.bytes().saturating_add(mapping.bytes) <= self.wanted;
        match self.kept.iter_mut().find(|(kept, _)| kept.start.is_null()) {
            Some(slot) if fits => {
                *slot = (mapping, now);
                true
            }
            _ => {
                self.gone[self.next_gone % SLOTS] = mapping.bytes;
                self.next_gone += 1;
                false
            }
        }
    }

    /// A block that has been kept for `delay`.
    pub(super) fn take_due(&mut self, now: Millis, delay: Millis) -> Option<Mapping> {
        let mut kept = self.kept.iter_mut().filter(|(kept, _)| !kept.start.is_null());
        let (due, _) = kept.find(|(_, since)| retention::is_due(now, *since, delay))?;
        let mapping = core::mem::replace(due, Mapping::NONE);
        self.wanted = self.wanted.saturating_sub(mapping.bytes);
        Some(mapping)
    }

    /// Bytes of all that is kept.
    pub(super) fn bytes(&self) -> usize {
        self.kept.iter().map(|(kept, _)| kept.bytes).sum()
    }
}
