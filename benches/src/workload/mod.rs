//! The workloads, with the parameters of the C version. Each runs in a process of its own.
//!
//! Inside the timed loop nothing allocates but the calls that are measured: slots lie on the stack
//! or in statics, and threads are started by `pthread_create`.

mod block;
mod larson;
mod meter;
mod remote;
mod toggle;
mod xorshift;

use std::fmt;

use clap::ValueEnum;

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;

/// One named workload.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
#[value(rename_all = "snake_case")]
pub(crate) enum Workload {
    /// 16–1,039 bytes, 256 slots, one random slot toggled a step
    RandomMixed,
    /// the same over 400 slots
    RandomMixed400,
    /// 256 bytes, 256 slots
    Fixed,
    /// 8–128 bytes, 1,024 blocks handed from thread to thread, one chain of threads
    Larson1,
    /// larson with 2 chains
    Larson2,
    /// larson with 4 chains
    Larson4,
    /// larson with 8 chains
    Larson8,
    /// 8–32 KiB, 64 slots, each page touched
    Mid,
    /// 8–52 KiB, 64 slots, each page touched
    Pool,
    /// 16–512 bytes, allocated by one thread and freed by another
    Remote,
    /// random_mixed with 50,000 steps, for counting system calls
    Syscall,
    /// does nothing: the footprint of the library alone
    Nothing,
}

impl Workload {
    /// Steps at scale 1.
    pub(crate) fn default_steps(self) -> u64 {
        match self {
            Self::Mid | Self::Pool => 2_000_000,
            Self::Syscall => 50_000,
            Self::Nothing => 0,
            _ => 10_000_000,
        }
    }

    /// Steps at the given scale; what is not timed does not scale.
    pub(crate) fn scaled_steps(self, scale: f64) -> u64 {
        match self {
            Self::Syscall | Self::Nothing => self.default_steps(),
            _ => ((self.default_steps() as f64 * scale) as u64).max(1),
        }
    }

    /// Runs it in this process, through whichever `malloc` this process has.
    pub(crate) fn run(self, steps: u64, threads: Option<u8>) -> Sample {
        let chains = |own: u8| usize::from(threads.unwrap_or(own));
        match self {
            Self::RandomMixed | Self::Syscall => {
                toggle::run::<256>(steps, 42, |draw| Block::with_ends(16 + (draw & 0x3FF)))
            }
            Self::RandomMixed400 => toggle::run::<400>(steps, 1, |draw| Block::with_ends(16 + (draw & 0x3FF))),
            Self::Fixed => toggle::run::<256>(steps, 42, |_| Block::with_ends(256)),
            Self::Mid => toggle::run::<64>(steps, 42, |draw| Block::with_pages(8 * 1024 + draw % (24 * 1024 + 1))),
            Self::Pool => toggle::run::<64>(steps, 42, |draw| Block::with_pages(8 * 1024 + draw % (44 * 1024 + 1))),
            Self::Larson1 => larson::run(steps, chains(1)),
            Self::Larson2 => larson::run(steps, chains(2)),
            Self::Larson4 => larson::run(steps, chains(4)),
            Self::Larson8 => larson::run(steps, chains(8)),
            Self::Remote => remote::run(steps),
            Self::Nothing => Meter::start().stop().finish(0),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no workload is hidden");
        f.pad(value.get_name())
    }
}
