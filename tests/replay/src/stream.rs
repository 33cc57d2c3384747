//! Made-up programs: from one seed the same actions everywhere, on a device as on a host.

use crate::action::{ALIGN_SHIFT_MOST, Action};

/// The programs that every target and the host's tests replay.
pub const SEEDS: [u32; 8] =
    [1, 0x2545_F491, 0x0BAD_5EED, 0x1234_5678, 0x9E37_79B9, 0xC0FF_EE00, 0x7FFF_FFFF, 0xDEAD_BEEF];

/// Sizes of which a program has many.
const FAVOURITES: [u32; 4] = [8, 24, 40, 100];

/// Endless; see the file's head. Mostly small blocks, now and then one that is near the largest.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u32,
    most_bytes: u32,
}

impl Stream {
    /// Sizes up to `most_bytes`. The seed is not 0.
    pub const fn new(seed: u32, most_bytes: u32) -> Self {
        assert!(seed != 0 && most_bytes != 0, "from 0 nothing comes");
        Self { state: seed, most_bytes }
    }

    /// A number below `end` (xorshift: Marsaglia, 2003).
    fn below(&mut self, end: u32) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        (self.state >> 8) % end
    }

    fn slot(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn bytes(&mut self) -> u32 {
        let most = self.most_bytes;
        match self.below(16) {
            0..=6 => self.below(most.min(65)),
            7..=10 => self.below(most.min(300) + 1),
            11..=13 => FAVOURITES[self.below(4) as usize],
            _ => {
                let shift = self.below(5);
                self.below((most >> shift) + 1)
            }
        }
    }

    /// Mostly what Rust's types and DMA engines want.
    fn align_shift(&mut self) -> u8 {
        let end = if self.below(16) == 0 { ALIGN_SHIFT_MOST + 1 } else { 8 };
        self.below(end.into()) as u8
    }
}

impl Iterator for Stream {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        let slot = self.slot();
        Some(match self.below(64) {
            0..=23 => Action::Take { slot, bytes: self.bytes() },
            24..=27 => Action::TakeZeroed { slot, bytes: self.bytes() },
            28..=33 => Action::TakeAligned { slot, bytes: self.bytes(), align_shift: self.align_shift() },
            34..=46 => Action::Give { slot },
            47..=56 => Action::Resize { slot, bytes: self.bytes() },
            57..=59 => Action::GiveRemote { slot },
            60 | 61 => Action::SwitchThread { thread: slot % 4 },
            62 => match slot {
                0..=31 => Action::EndThread { thread: slot % 4 },
                32..=63 => Action::Trim,
                _ => Action::Give { slot },
            },
            _ => Action::Audit,
        })
    }
}
