//! When free memory goes back to the system.

use super::growth::may_be_huge;
use crate::base::millis::Millis;
use crate::base::place::SuperSlabNumber;

/// Slow-path events between two looks at the clock.
pub(crate) const EVENTS_PER_LOOK: u32 = 64;
/// Least time between two rounds of giving back.
pub(crate) const ROUND: Millis = Millis::new(100);

/// Most time between two rounds of a thread that does nothing else.
const MOST_REST: Millis = Millis::new(1000);

/// True when memory that was last used at `idle_since` has been idle for long enough.
pub(crate) const fn is_due(now: Millis, idle_since: Millis, delay: Millis) -> bool {
    now.since(idle_since).get() >= delay.get()
}

/// Time between two rounds of a thread that does nothing else: idle memory goes back within one and
/// a half delays, be it found by one round, due after the delay, and given back by the next.
pub(crate) fn rest(delay: Millis) -> Millis {
    Millis::new(delay.get() / 4).clamp(ROUND, MOST_REST)
}

/// Free slabs that stay resident whatever the program does, and as many more before it is worth a call.
const ALWAYS_KEPT: usize = 16;
/// Slabs that a fall may end below the one before without being another one.
const NOT_FAR: usize = 64;

/// What is taken again within that time after it was given back had better have stayed: a page fault then costs more
/// than the memory is worth.
const SOON: Millis = Millis::new(50);

/// How many free slabs stay resident until they have lain idle: as many as the program took again, soon after they
/// had been given back. So what is freed once goes at once, and what comes and goes stays. A program that falls
/// far below where it rose again from has not shown that it will rise from there too.
#[derive(Debug)]
pub(crate) struct Allowance {
    wanted: usize,
    /// The fewest slabs in use from which those were taken again.
    risen_from: usize,
    /// The fewest in use since slabs were last taken again.
    fallen_to: usize,
    /// Slabs that were given back because they were more, and when last.
    gone: usize,
    gone_at: Millis,
}

impl Allowance {
    /// Nothing was taken again yet.
    pub(crate) const fn new() -> Self {
        Self { wanted: 0, risen_from: usize::MAX, fallen_to: usize::MAX, gone: 0, gone_at: Millis::ZERO }
    }

    /// Free slabs that may stay beside `used` ones: a sixteenth of those always may, but for `most` in all.
    const fn room(&self, used: usize, most: usize) -> usize {
        let room = ALWAYS_KEPT + self.wanted_at(used) + used / 16;
        let left = most.saturating_sub(used);
        if left > room {
            room
        } else if left > ALWAYS_KEPT {
            left
        } else {
            ALWAYS_KEPT
        }
    }

    const fn wanted_at(&self, used: usize) -> usize {
        if self.is_low(used) { 0 } else { self.wanted }
    }

    /// How many of `kept` slabs are too many beside `used` ones, where both should be `most` at most.
    pub(crate) const fn surplus(&self, kept: usize, used: usize, most: usize) -> usize {
        let room = self.room(used, most);
        if kept > room + ALWAYS_KEPT { kept - room } else { 0 }
    }

    /// True if it is worth the while to free slabs until so many are kept: if not just a few are too many.
    pub(crate) const fn is_surplus_to_make(&self, kept: usize, used: usize, most: usize) -> bool {
        self.surplus(kept, used, most) > self.wanted_at(used) / 16
    }

    /// So many are in use after some came back.
    pub(crate) const fn fallen(&mut self, used: usize) {
        if used < self.fallen_to {
            self.fallen_to = used;
        }
    }

    const fn is_low(&self, used: usize) -> bool {
        used < self.risen_from / 2 && used + NOT_FAR < self.risen_from
    }

    /// So many were given back.
    pub(crate) const fn gone(&mut self, slabs: usize, now: Millis) {
        if self.is_low(self.fallen_to) {
            self.unused(slabs);
        }
        self.forget(now);
        self.gone += slabs;
        self.gone_at = now;
    }

    /// So many were taken whose pages are not there.
    pub(crate) const fn needed(&mut self, slabs: usize, now: Millis) {
        self.forget(now);
        let again = if slabs < self.gone { slabs } else { self.gone };
        if again == 0 {
            return;
        }
        self.gone -= again;
        self.wanted += again;
        if self.fallen_to < self.risen_from {
            self.risen_from = self.fallen_to;
        }
        self.fallen_to = usize::MAX;
    }

    /// So many lay idle until their time had come.
    pub(crate) const fn unused(&mut self, slabs: usize) {
        self.wanted = self.wanted.saturating_sub(slabs);
    }

    /// What has been gone for so long was given back rightly.
    const fn forget(&mut self, now: Millis) {
        if is_due(now, self.gone_at, SOON) {
            self.gone = 0;
        }
    }

    /// So many are to stay, whatever was seen.
    pub(crate) const fn add(&mut self, slabs: usize) {
        self.wanted += slabs;
        self.risen_from = 0;
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes of a process from which on it matters what it may have.
pub(crate) const LIMITED_FROM: usize = 64 << 20;

/// Of what the process may have: from here on nothing is kept beside what is in use. The rest is for stacks, files,
/// other processes, and what comes between two looks.
pub(crate) const fn near_limit(bytes: usize) -> usize {
    bytes - bytes / 4
}

/// A process may have less than anybody told us. So what is in use and what is kept are together no more than what was
/// once in use at a time, a sixteenth of that, and this.
const BESIDE_THE_PEAK: usize = 8 << 20;

/// Bytes that may be in use and kept together, of a process that had `peak` in use at a time.
pub(crate) const fn beside_the_peak(peak: usize) -> usize {
    peak.saturating_add(peak / 16 + BESIDE_THE_PEAK)
}

/// Neighbouring superslabs of which one is to be huge pages and one is not: each such edge is a mapping more, and
/// Linux lets a process have 65,530.
pub const MOST_EDGES: usize = 2048;

/// Bytes of freed large blocks that may be kept, given those in use.
pub(crate) const fn large_cache_bytes(ceiling: usize, live: usize) -> usize {
    let share = live / 8;
    if share > ceiling { share } else { ceiling }
}

/// Bytes from which on a large block that grows may be in huge pages: the last one is at most a sixteenth of it.
const GROWN_BYTES: usize = 32 << 20;

/// True when a large block that was resized may come in huge pages: it passes a power of two, so that one that
/// grows by little asks seldom. A large block that was only asked for may stay empty in the most part.
pub(crate) const fn has_grown_into_huge_pages(old_bytes: usize, new_bytes: usize) -> bool {
    new_bytes >= GROWN_BYTES && new_bytes.leading_zeros() < old_bytes.leading_zeros()
}

/// Free slabs of a superslab that are worth a call of the provider before their time.
pub(crate) const LEAST_SURPLUS: usize = 8;
/// The same where that would make small pages of a huge one.
const LEAST_SURPLUS_OF_HUGE: usize = 48;

/// How many free slabs of a superslab are worth a call of the provider before their time, when `used` slabs of
/// `all` are in use: a huge page is worth its memory while the heap is not all but gone.
pub(crate) const fn least_surplus(superslab: SuperSlabNumber, used: usize, all: usize) -> usize {
    if may_be_huge(superslab) && used >= all / 16 { LEAST_SURPLUS_OF_HUGE } else { LEAST_SURPLUS }
}
