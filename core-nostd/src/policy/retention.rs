//! When free memory goes back to the system.

/// Slow-path events between two looks at the clock.
pub const EVENTS_PER_LOOK: u32 = 64;
/// Least milliseconds between two rounds of giving back.
pub const ROUND_MS: u64 = 100;

/// Most milliseconds between two rounds of a thread that does nothing else.
const MOST_REST_MS: u64 = 1000;

/// True when memory that was last used at `idle_since_ms` has been idle for long enough.
pub const fn is_due(now_ms: u64, idle_since_ms: u64, delay_ms: u64) -> bool {
    now_ms.saturating_sub(idle_since_ms) >= delay_ms
}

/// Milliseconds between two rounds of a thread that does nothing else: idle memory goes back within one and
/// a half delays, be it found by one round, due after the delay, and given back by the next.
pub const fn rest_ms(delay_ms: u64) -> u64 {
    let quarter = delay_ms / 4;
    if quarter < ROUND_MS {
        ROUND_MS
    } else if quarter > MOST_REST_MS {
        MOST_REST_MS
    } else {
        quarter
    }
}

/// Free slabs that stay resident whatever the program does, and as many more before it is worth a call.
const ALWAYS_KEPT: usize = 16;

/// How many free slabs stay resident until they have lain idle: as many as the program took again, after they
/// had been given back. So what is freed once goes at once, and what comes and goes stays.
#[derive(Debug)]
pub struct Allowance {
    wanted: usize,
    /// Slabs that were given back because they were more, and when last.
    gone: usize,
    gone_ms: u64,
}

impl Allowance {
    /// Nothing was taken again yet.
    pub const fn new() -> Self {
        Self { wanted: 0, gone: 0, gone_ms: 0 }
    }

    /// How many of `kept` slabs are too many beside `used` ones: a sixteenth of those may always stay.
    pub const fn surplus(&self, kept: usize, used: usize) -> usize {
        let room = ALWAYS_KEPT + self.wanted + used / 16;
        if kept > room + ALWAYS_KEPT { kept - room } else { 0 }
    }

    /// So many were given back.
    pub const fn gone(&mut self, slabs: usize, now_ms: u64) {
        self.gone += slabs;
        self.gone_ms = now_ms;
    }

    /// So many were taken whose pages are not there.
    pub const fn needed(&mut self, slabs: usize) {
        let again = if slabs < self.gone { slabs } else { self.gone };
        self.gone -= again;
        self.wanted += again;
    }

    /// So many lay idle until their time had come.
    pub const fn unused(&mut self, slabs: usize) {
        self.wanted = self.wanted.saturating_sub(slabs);
    }

    /// What has been gone for so long was given back rightly.
    pub const fn forget(&mut self, now_ms: u64, delay_ms: u64) {
        if is_due(now_ms, self.gone_ms, delay_ms) {
            self.gone = 0;
        }
    }

    /// So many are to stay, whatever was seen.
    pub const fn add(&mut self, slabs: usize) {
        self.wanted += slabs;
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes of freed large blocks that may be kept, given those in use.
pub const fn large_cache_bytes(ceiling: usize, live: usize) -> usize {
    let share = live / 8;
    if share > ceiling { share } else { ceiling }
}

/// Superslabs from which on a heap may have huge pages if it grows fast, and whether it does or not.
const FAST_SUPERSLABS: usize = 4;
const ANY_SUPERSLABS: usize = 64;
/// Growth that is fast: page faults then take a large part of the time.
const FAST_BYTES_A_MS: u64 = 1024 << 10;

/// True of a superslab that may have come in a huge page: given back in part, it would be small pages after.
pub const fn may_be_huge(superslab: usize) -> bool {
    superslab >= FAST_SUPERSLABS
}

/// Bytes from which on a large block that grows may be in huge pages: the last one is at most a sixteenth of it.
const GROWN_BYTES: usize = 32 << 20;

/// True when a large block that was resized may come in huge pages: it passes a power of two, so that one that
/// grows by little asks seldom. A large block that was only asked for may stay empty in the most part.
pub const fn has_grown_into_huge_pages(old_bytes: usize, new_bytes: usize) -> bool {
    new_bytes >= GROWN_BYTES && old_bytes.ilog2() < new_bytes.ilog2()
}

/// True when further superslabs may come in huge pages. A heap grows only when all that it has is taken, so
/// beyond so many a page that is touched whole is soon used whole; the same of fewer where the last
/// `bytes` were used up within `ms`.
pub const fn earns_huge_pages(superslabs: usize, bytes: u64, ms: u64) -> bool {
    superslabs >= ANY_SUPERSLABS || (superslabs >= FAST_SUPERSLABS && bytes >= FAST_BYTES_A_MS * ms)
}
