//! How far a heap grows at a time, and when what it grows by comes in huge pages.

use crate::base::millis::Millis;
use crate::base::place::SuperSlabNumber;
use crate::config::geometry::SUPERSLAB_SLABS;

/// Superslabs of a new zone.
pub(crate) const FIRST_STEP: usize = 4;
/// Fewest and most that a zone grows by, and the share of what it has that it grows by in between: what is claimed and
/// not used is little beside what is, also where every page is locked as it comes.
const LEAST_STEP: usize = 2;
const MOST_STEP: usize = 32;
const STEP_SHARE: usize = 16;

/// Superslabs that a zone of so many grows by.
pub(crate) const fn step(superslabs: usize) -> usize {
    match superslabs / STEP_SHARE {
        ..LEAST_STEP => LEAST_STEP,
        step @ LEAST_STEP..=MOST_STEP => step,
        _ => MOST_STEP,
    }
}

/// Superslabs from which on a heap may have huge pages if it grows fast, and whether it does or not.
const FAST_SUPERSLABS: usize = 4;
const ANY_SUPERSLABS: usize = 64;
/// Growth that is fast: page faults then take a large part of the time.
const FAST_BYTES_A_MS: u64 = 1024 << 10;
const SUPERSLAB_BYTES: u64 = 2 << 20;

/// The share of the slabs it took lately that a heap may have used for blocks that leave pages untouched behind them: in
/// huge pages these would be there all the same.
const TAILED_SHARE: usize = 8;

/// True of a superslab that may come in a huge page: that which was used whole, and given back, does when it is needed
/// again.
pub(crate) const fn may_be_huge(superslab: SuperSlabNumber) -> bool {
    superslab.index() >= FAST_SUPERSLABS
}

/// How fast a heap grows, looked at whenever it has doubled, and each 64 superslabs from there on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Superslabs at the last look, and when that was.
    looked_at: usize,
    looked: Millis,
    is_fast: bool,
    /// Superslabs when it grew last.
    grown_to: usize,
}

impl Pace {
    /// Nothing was seen yet.
    pub(crate) const fn new() -> Self {
        Self { looked_at: 0, looked: Millis::ZERO, is_fast: false, grown_to: 0 }
    }

    /// A heap of so many superslabs grows now, since all that it has is taken: since it grew last, `tailed` slabs that
    /// nobody had touched for blocks that leave pages untouched. True if what comes may be huge pages: beyond so many
    /// superslabs a page that is touched whole is soon used whole; the same of fewer where the last were used up fast.
    pub(crate) const fn earns_huge_pages(&mut self, superslabs: usize, tailed: usize, now: Millis) -> bool {
        let taken = superslabs.saturating_sub(self.grown_to) * SUPERSLAB_SLABS;
        self.grown_to = superslabs;
        let is_whole = tailed * TAILED_SHARE <= taken;
        let window = if self.looked_at < FAST_SUPERSLABS {
            FAST_SUPERSLABS
        } else if self.looked_at > ANY_SUPERSLABS {
            ANY_SUPERSLABS
        } else {
            self.looked_at
        };
        let grown = superslabs.saturating_sub(self.looked_at);
        if grown >= window || superslabs < self.looked_at {
            let ms = now.since(self.looked).get();
            self.is_fast = grown as u64 * SUPERSLAB_BYTES >= FAST_BYTES_A_MS.saturating_mul(ms);
            (self.looked_at, self.looked) = (superslabs, now);
        }
        is_whole && (superslabs >= ANY_SUPERSLABS || superslabs >= FAST_SUPERSLABS && self.is_fast)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
