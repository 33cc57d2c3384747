//! What users may set: one table of names, units and bounds, and its reader, which allocates nothing.

use super::flags::{Harden, Off, Sides};

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0 or 1; also off, on, false, true, no, yes.
    Switch,
    /// The same, or `auto`.
    SwitchOrAuto,
    /// A whole number of milliseconds; `s` and `ms` may follow.
    Milliseconds,
    /// A whole number.
    Count,
    /// A whole number of bytes; `K`, `M` or `G` may follow.
    Bytes,
    /// One of the words, or several joined by `+`.
    Words(&'static [&'static str]),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name in `HAKMEM_CONF`; in upper case behind `HAKMEM_` it is the variable's.
    pub name: &'static str,
    /// What the value looks like.
    pub unit: Unit,
    /// Largest value, for numbers.
    pub most: u64,
    /// What it does, in a line.
    pub about: &'static str,
}

/// Every setting. The order is that of `Settings::set_row`.
pub const TABLE: [Setting; 18] = [
    Setting { name: "verbose", unit: Unit::Switch, most: 1, about: "one banner line on stderr at start (default 0)" },
    Setting {
        name: "stats",
        unit: Unit::Switch,
        most: 1,
        about: "count every call; a table on stderr at exit (default 0)",
    },
    Setting {
        name: "harden",
        unit: Unit::Words(Harden::WORDS),
        most: 0,
        about: "measures against misuse that cost time or memory; every call is slower (default none)",
    },
    Setting {
        name: "on_fault",
        unit: Unit::Words(&["abort", "report"]),
        most: 0,
        about: "after a fault's line: abort the process, or leave the block alone and go on (default abort)",
    },
    Setting {
        name: "purge_delay_ms",
        unit: Unit::Milliseconds,
        most: 3_600_000,
        about: "free memory goes back to the system when it was idle for so long (default 1000)",
    },
    Setting {
        name: "large_cache_bytes",
        unit: Unit::Bytes,
        most: 1 << 40,
        about: "freed blocks above 1 MiB are kept if wanted again, up to this or 1/8 of those in use (default 64M)",
    },
    Setting {
        name: "huge_pages",
        unit: Unit::Switch,
        most: 1,
        about: "large or fast growing heaps, grown blocks: huge pages where the system lets programs ask (default 1)",
    },
    Setting {
        name: "purge_thread",
        unit: Unit::SwitchOrAuto,
        most: 2,
        about: "a thread of ours gives idle memory back when nobody calls; auto: 8 MiB, where others are (default auto)",
    },
    Setting {
        name: "prewarm_bytes",
        unit: Unit::Bytes,
        most: 1 << 40,
        about: "so much free memory is there from the start, so that its first use costs no page faults (default 0)",
    },
    Setting {
        name: "prewarm_blocks",
        unit: Unit::Count,
        most: 65_536,
        about: "at start so many blocks of each size up to 1 KiB are taken and given back (default 0)",
    },
    Setting {
        name: "off",
        unit: Unit::Words(Off::WORDS),
        most: 0,
        about: "mechanisms that are switched off, so that their worth can be measured (default none)",
    },
    Setting {
        name: "quarantine_bytes",
        unit: Unit::Bytes,
        most: 1 << 40,
        about: "with harden=quarantine: bytes of freed blocks that wait in each thread at most (default 1M)",
    },
    Setting {
        name: "pass_through",
        unit: Unit::Switch,
        most: 1,
        about: "every call goes to the process's next allocator, for tools that want the C library's (default 0)",
    },
    Setting {
        name: "guard_rate",
        unit: Unit::Count,
        most: 1 << 30,
        about: "one of so many slow calls takes a block between shut pages; 1: every call (default 0: none)",
    },
    Setting {
        name: "guard_slots",
        unit: Unit::Count,
        most: 16_384,
        about: "so many such blocks at a time (default 256)",
    },
    Setting {
        name: "guard_side",
        unit: Unit::Words(Sides::WORDS),
        most: 0,
        about: "which end of such a block is at a shut page; auto: end with guard_rate=1, else by lot (default auto)",
    },
    Setting {
        name: "crash_message",
        unit: Unit::Switch,
        most: 1,
        about: "a crash in the allocator, or on memory of its that is free, is told (default 0; on with guard_rate)",
    },
    Setting {
        name: "oom_report",
        unit: Unit::Switch,
        most: 1,
        about: "a request that is refused is told, with the figures that say why (default 0)",
    },
];

/// Whether a thread of ours gives idle memory back, which the program's threads do only when they call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurgeThread {
    /// `0`
    Never,
    /// `1`
    Always,
    /// `auto`: when 8 MiB or more are idle, in a process that has more than one thread.
    Auto,
}

/// The values in force.
///
/// ```
/// use hakmem_core::{Harden, Settings};
///
/// let settings = Settings::new().with(|settings| {
///     settings.harden = Harden::ZERO | Harden::QUARANTINE;
///     settings.purge_delay_ms = 100;
/// });
/// assert!(settings.huge_pages);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// `verbose`
    pub verbose: bool,
    /// `stats`
    pub stats: bool,
    /// `harden`
    pub harden: Harden,
    /// `on_fault` is `report`
    pub survive_faults: bool,
    /// `purge_delay_ms`
    pub purge_delay_ms: u32,
    /// `large_cache_bytes`
    pub large_cache_bytes: usize,
    /// `huge_pages`
    pub huge_pages: bool,
    /// `purge_thread`
    pub purge_thread: PurgeThread,
    /// `prewarm_bytes`
    pub prewarm_bytes: usize,
    /// `prewarm_blocks`
    pub prewarm_blocks: u32,
    /// `off`
    pub off: Off,
    /// `quarantine_bytes`
    pub quarantine_bytes: usize,
    /// `pass_through`
    pub pass_through: bool,
    /// `guard_rate`
    pub guard_rate: u32,
    /// `guard_slots`
    pub guard_slots: u32,
    /// `guard_side`
    pub guard_side: Sides,
    /// `crash_message`
    pub crash_message: bool,
    /// `oom_report`
    pub oom_report: bool,
}

/// Why a setting was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSetting {
    /// No setting has the name; this one's is nearest.
    UnknownName {
        /// The nearest name.
        nearest: &'static str,
    },
    /// The value is not what the row asks for.
    BadValue {
        /// The row's number in the table of settings.
        row: usize,
    },
}

impl Settings {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            verbose: false,
            stats: false,
            harden: Harden::empty(),
            survive_faults: false,
            purge_delay_ms: 1000,
            large_cache_bytes: 64 << 20,
            huge_pages: true,
            purge_thread: PurgeThread::Auto,
            prewarm_bytes: 0,
            prewarm_blocks: 0,
            off: Off::empty(),
            quarantine_bytes: 1 << 20,
            pass_through: false,
            guard_rate: 0,
            guard_slots: 256,
            guard_side: Sides::empty(),
            crash_message: false,
            oom_report: false,
        }
    }

    /// The same with some changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Takes one setting; letter case does not matter in names.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), BadSetting> {
        let row = TABLE.iter().position(|row| row.name.as_bytes().eq_ignore_ascii_case(name));
        let row = row.ok_or_else(|| BadSetting::UnknownName { nearest: nearest(name) })?;
        let value = read(value, TABLE[row].unit).filter(|&value| value <= TABLE[row].most || is_words(row));
        self.set_row(row, value.ok_or(BadSetting::BadValue { row })?);
        Ok(())
    }

    // The first of several words is nothing.
    fn set_row(&mut self, row: usize, value: u64) {
        match row {
            0 => self.verbose = value != 0,
            1 => self.stats = value != 0,
            2 => self.harden = Harden::from_bits_truncate((value >> 1) as u8),
            3 => self.survive_faults = value & 2 != 0,
            4 => self.purge_delay_ms = value as u32,
            5 => self.large_cache_bytes = value as usize,
            6 => self.huge_pages = value != 0,
            7 => {
                self.purge_thread = match value {
                    0 => PurgeThread::Never,
                    1 => PurgeThread::Always,
                    _ => PurgeThread::Auto,
                }
            }
            8 => self.prewarm_bytes = value as usize,
            9 => self.prewarm_blocks = value as u32,
            10 => self.off = Off::from_bits_truncate((value >> 1) as u8),
            11 => self.quarantine_bytes = value as usize,
            12 => self.pass_through = value != 0,
            13 => self.guard_rate = value as u32,
            14 => self.guard_slots = value as u32,
            15 => self.guard_side = Sides::from_bits_truncate((value >> 1) as u8),
            16 => self.crash_message = value != 0,
            _ => self.oom_report = value != 0,
        }
    }

    /// Takes `name:value,name:value,…`; calls `bad` with each piece that was not taken.
    pub fn set_all<'a>(&mut self, text: &'a [u8], mut bad: impl FnMut(&'a [u8], &'a [u8], BadSetting)) {
        for piece in text.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|piece| !piece.is_empty()) {
            let middle = piece.iter().position(|&byte| byte == b':' || byte == b'=').unwrap_or(piece.len());
            let (name, value) = (piece[..middle].trim_ascii(), piece.get(middle + 1..).unwrap_or(b"").trim_ascii());
            if let Err(why) = self.set(name, value) {
                bad(name, value, why);
            }
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

fn is_words(row: usize) -> bool {
    matches!(TABLE[row].unit, Unit::Words(_))
}

fn read(value: &[u8], unit: Unit) -> Option<u64> {
    match unit {
        Unit::Switch => {
            let is = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
            if is(&["1", "on", "true", "yes"]) {
                Some(1)
            } else if is(&["0", "off", "false", "no"]) {
                Some(0)
            } else {
                None
            }
        }
        Unit::SwitchOrAuto if value.eq_ignore_ascii_case(b"auto") => Some(2),
        Unit::SwitchOrAuto => read(value, Unit::Switch),
        Unit::Count => scaled(value, &[]),
        Unit::Milliseconds => scaled(value, &[("ms", 1), ("s", 1000)]),
        Unit::Bytes => scaled(value, &[("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)]),
        Unit::Words(words) => value.split(|&byte| byte == b'+').try_fold(0, |mask, word| {
            let at = words.iter().position(|known| word.eq_ignore_ascii_case(known.as_bytes()))?;
            Some(mask | 1 << at)
        }),
    }
}

fn scaled(value: &[u8], suffixes: &[(&str, u64)]) -> Option<u64> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, suffix) = value.split_at_checked(digits)?;
    if number.is_empty() {
        return None;
    }
    let number =
        number.iter().try_fold(0u64, |sum, &digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
    if suffix.is_empty() {
        return Some(number);
    }
    let known = suffixes.iter().find(|(known, _)| suffix.eq_ignore_ascii_case(known.as_bytes()))?;
    number.checked_mul(known.1)
}

const LONGEST: usize = 32;

fn nearest(name: &[u8]) -> &'static str {
    let near = TABLE.iter().min_by_key(|row| distance(name, row.name.as_bytes()));
    near.map_or(TABLE[0].name, |row| row.name)
}

/// Edits between two names, letter case aside; only the first 32 bytes count.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let (left, right) = (&left[..left.len().min(LONGEST)], &right[..right.len().min(LONGEST)]);
    let mut row = [0usize; LONGEST + 1];
    for (at, cell) in row.iter_mut().enumerate() {
        *cell = at;
    }
    for (above, &have) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, &want) in right.iter().enumerate() {
            let change = diagonal + usize::from(!have.eq_ignore_ascii_case(&want));
            diagonal = row[at + 1];
            row[at + 1] = change.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests;
