//! Freed large blocks that are kept, because the program was seen to ask for such blocks again.
//!
//! `large-wanted`: a block is kept only within what came back before: each size that was freed, not kept,
//! and then asked for adds itself to `wanted`; each kept block that nobody took in time, or that made way, goes off it.

use super::mapping::Mapping;
use crate::base::millis::Millis;
use crate::policy::retention;

const SLOTS: usize = 32;

/// See the file's head.
pub(super) struct Cache {
    /// Blocks, and since when they are kept; the oldest stands first.
    kept: [(Mapping, Millis); SLOTS],
    count: usize,
    /// Bytes of the last ones that were not kept.
    gone: [usize; SLOTS],
    next_gone: usize,
    wanted: usize,
    /// Bytes of all that is kept.
    bytes: usize,
}

/// True if a block of `have` bytes may serve a request of `bytes`: at most a quarter is too much.
fn fits(have: usize, bytes: usize) -> bool {
    have >= bytes && have - bytes <= bytes / 4
}

impl Cache {
    pub(super) const fn new() -> Self {
        let kept = [(Mapping::NONE, Millis::ZERO); SLOTS];
        Self { kept, count: 0, gone: [0; SLOTS], next_gone: 0, wanted: 0, bytes: 0 }
    }

    /// A kept block of at least `bytes` at a multiple of `align`.
    pub(super) fn take(&mut self, bytes: usize, align: usize) -> Option<Mapping> {
        let suits = |kept: &Mapping| fits(kept.bytes, bytes) && kept.start.addr() & (align - 1) == 0;
        let kept = self.kept().enumerate().filter(|(_, (kept, _))| suits(kept));
        if let Some((at, _)) = kept.min_by_key(|(_, (kept, _))| kept.bytes) {
            return self.remove(at);
        }
        if let Some(gone) = self.gone.iter_mut().find(|gone| fits(**gone, bytes)) {
            self.wanted = self.wanted.saturating_add(core::mem::take(gone));
        }
        None
    }

    /// Keeps a block, if it is wanted and finds room for itself. Returns what is to go for that: the block, or where there
    /// are too many, the one that nobody took for the longest time.
    pub(super) fn keep(&mut self, mapping: Mapping, now: Millis, room: usize) -> Option<Mapping> {
        if mapping.bytes > room {
            return Some(mapping);
        }
        if self.bytes.saturating_add(mapping.bytes) > self.wanted {
            self.note_gone(mapping);
            return Some(mapping);
        }
        let oldest = if self.count == SLOTS { self.take_oldest() } else { None };
        if let Some(end) = self.kept.get_mut(self.count) {
            *end = (mapping, now);
            self.count += 1;
            self.bytes += mapping.bytes;
        }
        oldest
    }

    /// The block that nobody took for the longest time, if all have more than `room`.
    pub(super) fn take_beyond(&mut self, room: usize) -> Option<Mapping> {
        if self.bytes > room { self.take_oldest() } else { None }
    }

    fn take_oldest(&mut self) -> Option<Mapping> {
        let oldest = self.remove(0)?;
        self.wanted = self.wanted.saturating_sub(oldest.bytes);
        self.note_gone(oldest);
        Some(oldest)
    }

    /// It goes; whoever asks for such a one next wants it.
    fn note_gone(&mut self, mapping: Mapping) {
        self.gone[self.next_gone % SLOTS] = mapping.bytes;
        self.next_gone += 1;
    }

    fn kept(&self) -> impl Iterator<Item = &(Mapping, Millis)> {
        self.kept.iter().take(self.count)
    }

    /// Takes one out; those behind it move up.
    fn remove(&mut self, at: usize) -> Option<Mapping> {
        let mut out = (Mapping::NONE, Millis::ZERO);
        for kept in self.kept.get_mut(at..self.count)?.iter_mut().rev() {
            core::mem::swap(kept, &mut out);
        }
        let (mapping, _) = out;
        if mapping.start.is_null() {
            return None;
        }
        self.count -= 1;
        self.bytes -= mapping.bytes;
        Some(mapping)
    }

    /// A block that has been kept for `delay`.
    pub(super) fn take_due(&mut self, now: Millis, delay: Millis) -> Option<Mapping> {
        let due = self.kept().position(|(_, since)| retention::is_due(now, *since, delay))?;
        let mapping = self.remove(due)?;
        self.wanted = self.wanted.saturating_sub(mapping.bytes);
        Some(mapping)
    }

    /// Bytes of all that is kept.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests;
