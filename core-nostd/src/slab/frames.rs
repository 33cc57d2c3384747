//! Blocks of an area: where one fits, what is cut for it and joined again.

use super::area::{Area, LONGEST, Mask};
use crate::base::frame_mask::FrameMask;
use crate::base::sync::Ordering;
use crate::config::geometry::SLAB_FRAMES;
use crate::harden::random::Dice;

/// What a frame of an area is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Of a client's block, which starts there and has so many.
    Block(usize, usize),
    /// Of one that was freed and waits.
    Waiting(usize, usize),
    /// Free; true if a block started there before.
    Free(bool),
}

/// Where a block comes to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: usize,
    /// Free frames that are left behind it.
    left: usize,
    /// How long the longest free run is then; [`UNKNOWN`] if that is to be measured.
    longest: usize,
}

const UNKNOWN: usize = usize::MAX;

impl Place {
    /// There, whatever that leaves.
    pub(crate) const fn at(start: usize) -> Self {
        Self { start, left: 0, longest: UNKNOWN }
    }

    /// Anywhere from there on, at a multiple of `align` from there.
    pub(crate) fn scattered(self, align: usize, dice: &Dice) -> Self {
        Self::at(self.start + dice.below((self.left >> align.trailing_zeros()) + 1) * align)
    }
}

impl Area<'_> {
    /// First frame and length of every run of free ones.
    fn runs(self) -> impl Iterator<Item = (usize, usize)> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let first = self.next(at, |word| self.free_word(word));
            at = self.next(first, |word| !self.free_word(word));
            (first < at).then_some((first, at - first))
        })
    }

    /// Where so many frames fit best at a multiple of `align`, a power of two counted from the superslab's start: in the
    /// shortest run, and of those in the first.
    pub(crate) fn best_fit(self, frames: usize, align: usize) -> Option<Place> {
        let before = self.slab.index() * SLAB_FRAMES;
        let (mut best, mut shortest) = (None, 0);
        // The longest of the other runs, and of what is left of that one.
        let (mut others, mut rest) = (0, 0);
        for (first, length) in self.runs() {
            let start = ((before + first + align - 1) & !(align - 1)) - before;
            match (first + length).checked_sub(start + frames) {
                Some(left) if best.is_none() || length < shortest => {
                    others = others.max(shortest);
                    (best, shortest, rest) = (Some((start, left)), length, left.max(start - first));
                }
                _ => others = others.max(length),
            }
        }
        best.map(|(start, left)| Place { start, left, longest: others.max(rest) })
    }

    /// Takes frames that are free, for a block that starts there. Returns how many of them were not dirty.
    pub(crate) fn take(self, place: Place, frames: usize) -> usize {
        self.put_one(Mask::Starts, place.start);
        self.put_one(Mask::Former, place.start);
        let clean = self.use_up(place.start, frames);
        if place.longest == UNKNOWN {
            self.measure();
        } else {
            self.set_number(LONGEST, place.longest);
        }
        clean
    }

    /// Takes frames that are free and follow a block, for that block. Returns how many of them were not dirty.
    pub(crate) fn lengthen(self, end: usize, frames: usize) -> usize {
        let clean = self.use_up(end, frames);
        self.measure();
        clean
    }

    fn use_up(self, first: usize, frames: usize) -> usize {
        self.set(Mask::Free, first, frames, false);
        self.slab.used.set(self.slab.used.get() + frames as u16);
        self.set(Mask::Dirty, first, frames, true)
    }

    /// Gives frames of a block back, which are its last ones.
    pub(crate) fn shorten(self, first: usize, frames: usize) {
        self.set(Mask::Free, first, frames, true);
        self.slab.used.set(self.slab.used.get() - frames as u16);
        self.set_number(LONGEST, self.longest().max(self.free_around(first, frames)));
    }

    /// Length of the run of free frames that holds these.
    fn free_around(self, first: usize, frames: usize) -> usize {
        let end = self.next(first + frames, |word| !self.free_word(word));
        end - self.last_before(first, |word| !self.free_word(word)).map_or(0, |taken| taken + 1)
    }

    fn measure(self) {
        self.set_number(LONGEST, self.runs().map(|(_, length)| length).max().unwrap_or(0));
    }

    fn end_of(self, start: usize) -> usize {
        let bits = |mask, word| self.word(mask, word).load(Ordering::Relaxed);
        self.next(start + 1, |word| bits(Mask::Free, word) | bits(Mask::Starts, word) | bits(Mask::Waits, word))
    }

    /// True if a client's block starts there.
    pub(crate) fn is_start(self, frame: usize) -> bool {
        self.has(Mask::Starts, frame)
    }

    /// What a frame is.
    pub(crate) fn at(self, frame: usize) -> Frame {
        if self.has(Mask::Free, frame) {
            return Frame::Free(self.has(Mask::Former, frame));
        }
        if self.has(Mask::Starts, frame) {
            return Frame::Block(frame, self.end_of(frame) - frame);
        }
        let bits = |mask, word| self.word(mask, word).load(Ordering::Relaxed);
        let start = self.last_before(frame + 1, |word| bits(Mask::Starts, word) | bits(Mask::Waits, word)).unwrap_or(0);
        let frames = self.end_of(start) - start;
        if self.has(Mask::Starts, start) { Frame::Block(start, frames) } else { Frame::Waiting(start, frames) }
    }

    /// True if all of these frames are free.
    pub(crate) fn are_free(self, first: usize, frames: usize) -> bool {
        self.next(first, |word| !self.free_word(word)) >= first + frames && first + frames <= self.frames()
    }

    /// Ends a client's block, whose frames are free then. Returns how many they are; 0 if none starts there.
    pub(crate) fn give(self, start: usize) -> usize {
        self.end(Mask::Starts, start)
    }

    /// Ends a block that waits, in the same way.
    pub(crate) fn give_waiting(self, start: usize) -> usize {
        self.end(Mask::Waits, start)
    }

    fn end(self, mask: Mask, start: usize) -> usize {
        if !self.has(mask, start) {
            return 0;
        }
        let frames = self.end_of(start) - start;
        self.remove_one(mask, start);
        self.shorten(start, frames);
        frames
    }

    /// Makes a client's block one that waits. Returns how many frames it has; 0 if none starts there.
    pub(crate) fn wait(self, start: usize) -> usize {
        if !self.has(Mask::Starts, start) {
            return 0;
        }
        let frames = self.end_of(start) - start;
        self.put_one(Mask::Waits, start);
        self.remove_one(Mask::Starts, start);
        frames
    }

    /// Takes free frames out that are to be given back, so that nobody else does. Their runs wait.
    pub(crate) fn take_out(self, frames: FrameMask) {
        frames.runs().for_each(|(first, _)| self.put_one(Mask::Waits, first));
        self.set_mask(Mask::Free, self.free() & !frames);
        self.slab.used.set(self.slab.used.get() + frames.count() as u16);
        self.measure();
    }

    /// Puts them back; of those `zeroed` are zero now.
    pub(crate) fn put_back(self, frames: FrameMask, zeroed: FrameMask) {
        self.set_mask(Mask::Dirty, self.dirty() & !zeroed);
        self.set_filled(frames, false);
        self.set_mask(Mask::Waits, self.mask(Mask::Waits) & !frames);
        self.set_mask(Mask::Free, self.free() | frames);
        self.slab.used.set(self.slab.used.get() - frames.count() as u16);
        self.measure();
    }
}

#[cfg(test)]
mod tests;
