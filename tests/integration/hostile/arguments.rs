//! What a hostile program passes, and what it must not be able to change.

use std::alloc::Layout;

use hakmem_core::{Harden, Off, Settings, Sides};

/// Lengths at which something begins or ends.
pub(crate) const SIZES: [usize; 24] = [
    0,
    1,
    7,
    8,
    9,
    16,
    24,
    1 << 10,
    (1 << 10) + 1,
    8 << 10,
    (8 << 10) + 1,
    (32 << 10) + 1,
    256 << 10,
    (256 << 10) + 1,
    1 << 20,
    (1 << 20) + 1,
    3 << 20,
    1 << 40,
    usize::MAX / 2,
    usize::MAX / 2 + 1,
    usize::MAX - (4 << 10),
    usize::MAX - 15,
    usize::MAX - 1,
    usize::MAX,
];

/// Alignments, most of which are none.
pub(crate) const ALIGNS: [usize; 18] = [
    0,
    1,
    2,
    3,
    8,
    12,
    16,
    4095,
    4096,
    4097,
    32 << 10,
    1 << 20,
    2 << 20,
    (2 << 20) + 1,
    1 << 40,
    1 << 63,
    usize::MAX - 1,
    usize::MAX,
];

static STANDS: u64 = 7;

/// Addresses of nothing, of what is the program's own, and of and around a block.
pub(crate) fn addresses(block: *mut u8) -> Vec<*mut u8> {
    let (local, boxed) = (0u64, Box::new(0u64));
    let own = [&raw const local, &raw const *boxed, &raw const STANDS].map(|own| own.cast_mut().cast());
    let none = [0, 1, 15, 16, 4096, 1 << 47, usize::MAX / 2, usize::MAX - 15, usize::MAX];
    let offsets = [0isize, 1, 8, 15, 16, 17, 64, 4096, 32 << 10, 2 << 20, 1 << 40, -1, -8, -16, -(64 << 10)];
    let near = offsets.map(|offset| block.wrapping_offset(offset));
    let none = none.map(std::ptr::without_provenance_mut);
    own.into_iter().chain(none).chain(near).collect()
}

/// All layouts that there can be of these lengths.
pub(crate) fn layouts() -> impl Iterator<Item = Layout> {
    SIZES.iter().flat_map(|&bytes| ALIGNS.iter().filter_map(move |&align| Layout::from_size_align(bytes, align).ok()))
}

/// Settings beyond what the table allows. What asks for memory at once asks for at most so much.
pub(crate) fn settings(most_bytes: usize) -> Vec<Settings> {
    let base = Settings::new();
    vec![
        base,
        base.with(|settings| settings.harden = Harden::all()),
        base.with(|settings| settings.harden = Harden::from_bits_retain(u8::MAX)),
        base.with(|settings| settings.off = Off::from_bits_retain(u8::MAX)),
        base.with(|settings| settings.off = Off::empty()),
        base.with(|settings| (settings.stats, settings.verbose, settings.survive_faults) = (true, true, true)),
        base.with(|settings| (settings.guard_rate, settings.guard_slots) = (1, u32::MAX)),
        base.with(|settings| (settings.guard_rate, settings.guard_slots) = (u32::MAX, 0)),
        base.with(|settings| settings.guard_rate = 1),
        base.with(|settings| (settings.guard_rate, settings.guard_side) = (1, Sides::from_bits_retain(u8::MAX))),
        base.with(|settings| settings.guard_rate = 0),
        base.with(|settings| (settings.quarantine_bytes, settings.large_cache_bytes) = (usize::MAX, usize::MAX)),
        base.with(|settings| (settings.quarantine_bytes, settings.large_cache_bytes) = (0, 0)),
        base.with(|settings| (settings.purge_delay_ms, settings.huge_pages) = (u32::MAX, false)),
        base.with(|settings| settings.purge_delay_ms = 0),
        base.with(|settings| (settings.prewarm_bytes, settings.prewarm_blocks) = (most_bytes, 9)),
        base.with(|settings| (settings.pass_through, settings.crash_message, settings.oom_report) = (true, true, true)),
    ]
}

/// Words as a user may type them.
pub(crate) const WORDS: [&[u8]; 14] = [
    b"",
    b",",
    b":",
    b"=,=,=",
    b"harden",
    b"harden:zero+junk+quarantine",
    b"harden:zero+",
    b"purge_delay_ms:99999999999999999999999999",
    b"purge_delay_ms=18446744073709551615s",
    b"large_cache_bytes:18446744073709551615G",
    b"a name that is longer than any name of a setting that there ever was, by far",
    b"\0\0\0:\xff\xff",
    b"GUARD_SLOTS:1,guard_slots:,guard_slots",
    b"off:none+none+surplus,stats:on,stats:maybe",
];

/// Memory of the program's that nobody else may change.
pub(crate) struct Canaries(Vec<Vec<u8>>);

impl Canaries {
    pub(crate) fn new() -> Self {
        let lengths = [1usize, 8, 16, 100, 1_000, 5_000, 20_000, 300_000, 2_000_000];
        Self(lengths.iter().flat_map(|&bytes| (0..8).map(move |number| vec![bytes as u8 ^ number; bytes])).collect())
    }

    /// Each is as it was, and can be given back.
    pub(crate) fn are_whole(self) {
        for (number, canary) in self.0.iter().enumerate() {
            let byte = canary.len() as u8 ^ (number % 8) as u8;
            assert!(canary.iter().all(|&found| found == byte), "{} bytes were changed", canary.len());
        }
    }
}
