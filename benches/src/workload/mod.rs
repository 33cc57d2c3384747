//! The workloads, each run in a process of its own: those of the C version with its parameters, and those that
//! tell allocators apart where hot loops do not.
//!
//! Inside the timed loop nothing allocates but the calls that are measured: slots lie on the stack,
//! in statics or on pages of their own, and threads are started by `pthread_create`.

mod block;
mod burst;
mod churn;
mod crew;
mod exchange;
mod first_calls;
mod gate;
mod growth;
mod larson;
mod many_threads;
mod meter;
mod neighbours;
mod pages;
mod pair;
mod parts;
mod phases;
mod remote;
mod small;
mod spread;
mod thread;
mod toggle;
mod window;
mod xorshift;

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::burst::Order::{AsAllocated, Random};
use crate::workload::meter::Meter;
use crate::workload::parts::Freed;

pub(crate) use crate::workload::meter::peak_kb;
pub(crate) use crate::workload::xorshift::Xorshift;

/// How long after the last free `later_kb` is read.
pub(crate) const LATER: Duration = Duration::from_secs(2);

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
    /// malloc and free of 48 bytes
    Pair,
    /// malloc and free of 1–1,000 bytes
    PairRandom,
    /// bursts of 64 blocks of 64 bytes, freed in order
    Burst64,
    /// the same freed in random order
    Burst64Random,
    /// bursts of 1,000 blocks of 1–1,000 bytes, freed in order
    Burst1k,
    /// the same freed in random order
    Burst1kRandom,
    /// bursts of 100,000 blocks of 16–512 bytes, freed in order
    Burst100k,
    /// the same freed in random order
    Burst100kRandom,
    /// bursts of 1,000,000 blocks of 64 bytes, freed in order
    Burst1m,
    /// the same freed in random order
    Burst1mRandom,
    /// bursts of 100,000 blocks of 16–512 bytes in each of 4 threads, which free their own
    Burst4,
    /// the same where each thread frees those that another allocated
    Burst4Shared,
    /// 30,000 blocks of 16–512 bytes, a random one replaced a step
    Window30k,
    /// the same with 1,000,000 blocks
    Window1m,
    /// the same with 1 GiB of blocks of 240 bytes
    Heap1gib,
    /// 10,000 blocks of 1–1,024 bytes, half of them below 9, a random one replaced a step
    TinyMixed,
    /// 1 byte to 32 KiB, log-uniform, in 2 threads, each replacing a random one of its own 100 blocks a step
    Spread2_100,
    /// the same with 1,000 blocks each
    Spread2_1k,
    /// the same with 10,000 blocks each
    Spread2_10k,
    /// the same with 100 blocks in each of 4 threads
    Spread4_100,
    /// the same with 1,000 blocks in each of 4 threads
    Spread4_1k,
    /// the same with 10,000 blocks in each of 4 threads
    Spread4_10k,
    /// 8–32 KiB, 64 slots, each page touched
    Mid,
    /// 8–32 KiB, 4,000 slots, each page touched
    Mid4k,
    /// 8–52 KiB, 64 slots, each page touched
    Pool,
    /// calloc of 16 bytes to 1 MiB, each power of two as often, 64 slots
    Calloc,
    /// realloc from 16 bytes to 256 MiB, doubling
    ReallocDouble,
    /// realloc from 64 KiB to 256 MiB by 64 KiB
    Realloc64k,
    /// grows to 64 MiB in blocks of 16–2,048 bytes and shrinks to an eighth, again and again
    Phases,
    /// 8–128 bytes, 1,024 blocks handed from thread to thread, one chain of threads
    Larson1,
    /// larson with 2 chains
    Larson2,
    /// larson with 4 chains
    Larson4,
    /// larson with 8 chains
    Larson8,
    /// 16–512 bytes, allocated by 2 threads, each freeing what either left
    Exchange,
    /// exchange with 4 threads
    Exchange4,
    /// 512 blocks of 64 bytes side by side, of which 2 threads replace every other one each
    Neighbours2,
    /// 16–512 bytes, allocated by one thread and freed by another
    Remote,
    /// remote with 2 pairs of threads
    Remote2,
    /// remote with 4 pairs
    Remote4,
    /// remote with 8 pairs
    Remote8,
    /// threads that start, allocate 60 blocks of 16–512 bytes, leave 10, and exit
    ThreadChurn,
    /// 200 threads that hold 60 blocks of 16–256 bytes each: KiB a thread over its stack
    ManyThreads,
    /// the first 10,000 calls of a process: 16–512 bytes, all held
    FirstCalls,
    /// random_mixed with 50,000 steps, for counting system calls
    Syscall,
    /// 300 blocks of 16–512 bytes, held: the end RSS is that of a small program
    Small300,
    /// does nothing: the footprint of the library alone
    Nothing,
}

impl Workload {
    /// Steps at scale 1.
    pub(crate) fn default_steps(self) -> u64 {
        match self {
            Self::Pair | Self::PairRandom | Self::Burst64 | Self::Burst64Random => 20_000_000,
            Self::Burst100k | Self::Burst100kRandom | Self::Burst1m | Self::Burst1mRandom => 5_000_000,
            Self::Burst4 | Self::Burst4Shared => 5_000_000,
            Self::Spread2_100 | Self::Spread2_1k | Self::Spread2_10k => 20_000_000,
            Self::Spread4_100 | Self::Spread4_1k | Self::Spread4_10k => 20_000_000,
            Self::TinyMixed | Self::Exchange4 => 50_000_000,
            Self::Neighbours2 => 200_000_000,
            Self::Window30k => 8_000_000,
            Self::Window1m | Self::Heap1gib | Self::Mid | Self::Mid4k | Self::Pool | Self::Phases => 2_000_000,
            Self::Calloc => 300_000,
            // 24 doublings make a growth, and 4,095 steps of 64 KiB.
            Self::ReallocDouble => 24 * 5,
            Self::Realloc64k => 4_095,
            Self::ThreadChurn => 10_000,
            Self::ManyThreads => (many_threads::THREADS * many_threads::BLOCKS) as u64,
            Self::FirstCalls => first_calls::CALLS as u64,
            Self::Syscall => 50_000,
            Self::Small300 | Self::Nothing => 0,
            _ => 10_000_000,
        }
    }

    /// Steps at the given scale; what has a number of its own does not scale.
    pub(crate) fn scaled_steps(self, scale: f64) -> u64 {
        match self {
            Self::ManyThreads | Self::FirstCalls | Self::Syscall | Self::Small300 | Self::Nothing => {
                self.default_steps()
            }
            _ => ((self.default_steps() as f64 * scale) as u64).max(1),
        }
    }

    /// Whether its time means something.
    pub(crate) fn is_timed(self) -> bool {
        !matches!(self, Self::ManyThreads | Self::Small300 | Self::Nothing)
    }

    /// Whether it is one of the loops whose geometric mean is taken: one thread, time the only matter.
    ///
    /// The floor does these the way the others do; blocks freed by another thread or left by an ended one
    /// it never finds again, and a `realloc` it serves by powers of two.
    pub(crate) fn is_micro(self) -> bool {
        matches!(
            self,
            Self::RandomMixed
                | Self::RandomMixed400
                | Self::Fixed
                | Self::Pair
                | Self::PairRandom
                | Self::Burst64
                | Self::Burst64Random
                | Self::Burst1k
                | Self::Burst1kRandom
                | Self::Burst100k
                | Self::Burst100kRandom
                | Self::Burst1m
                | Self::Burst1mRandom
                | Self::Window30k
                | Self::Window1m
                | Self::Heap1gib
                | Self::Mid
                | Self::Pool
                | Self::Calloc
        )
    }

    /// Whether its RSS is read again 2 s after all was freed: those that had much.
    pub(crate) fn is_read_later(self) -> bool {
        matches!(self, Self::Phases | Self::Burst1mRandom | Self::Heap1gib | Self::ReallocDouble)
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
            Self::Pair => pair::run(steps, |_| 48),
            Self::PairRandom => pair::run(steps, below_1k),
            Self::Burst64 => burst::run(steps, 64, AsAllocated, |_| 64),
            Self::Burst64Random => burst::run(steps, 64, Random, |_| 64),
            Self::Burst1k => burst::run(steps, 1_000, AsAllocated, below_1k),
            Self::Burst1kRandom => burst::run(steps, 1_000, Random, below_1k),
            Self::Burst100k => burst::run(steps, 100_000, AsAllocated, mixed),
            Self::Burst100kRandom => burst::run(steps, 100_000, Random, mixed),
            Self::Burst1m => burst::run(steps, 1_000_000, AsAllocated, |_| 64),
            Self::Burst1mRandom => burst::run(steps, 1_000_000, Random, |_| 64),
            Self::Burst4 => parts::run(steps, Freed::Own),
            Self::Burst4Shared => parts::run(steps, Freed::Next),
            Self::Window30k => window::run(steps, 30_000, mixed),
            Self::Window1m => window::run(steps, 1_000_000, mixed),
            Self::Heap1gib => window::run(steps, (1 << 30) / 240, |_| 240),
            Self::TinyMixed => window::run(steps, 10_000, half_tiny),
            Self::Spread2_100 => spread::run(steps, 2, 100),
            Self::Spread2_1k => spread::run(steps, 2, 1_000),
            Self::Spread2_10k => spread::run(steps, 2, 10_000),
            Self::Spread4_100 => spread::run(steps, 4, 100),
            Self::Spread4_1k => spread::run(steps, 4, 1_000),
            Self::Spread4_10k => spread::run(steps, 4, 10_000),
            Self::Mid => toggle::run::<64>(steps, 42, mid),
            Self::Mid4k => toggle::run::<4_000>(steps, 42, mid),
            Self::Pool => toggle::run::<64>(steps, 42, |draw| Block::with_pages(8 * 1024 + draw % (44 * 1024 + 1))),
            Self::Calloc => toggle::run::<64>(steps, 42, |draw| Block::zeroed(any_size(draw))),
            Self::ReallocDouble => growth::run(steps, 16, |size| 2 * size),
            Self::Realloc64k => growth::run(steps, 64 << 10, |size| size + (64 << 10)),
            Self::Phases => phases::run(steps),
            Self::Larson1 => larson::run(steps, chains(1)),
            Self::Larson2 => larson::run(steps, chains(2)),
            Self::Larson4 => larson::run(steps, chains(4)),
            Self::Larson8 => larson::run(steps, chains(8)),
            Self::Exchange => exchange::run(steps, chains(2)),
            Self::Exchange4 => exchange::run(steps, chains(4)),
            Self::Neighbours2 => neighbours::run(steps),
            Self::Remote => remote::run(steps, 1),
            Self::Remote2 => remote::run(steps, 2),
            Self::Remote4 => remote::run(steps, 4),
            Self::Remote8 => remote::run(steps, 8),
            Self::ThreadChurn => churn::run(steps),
            Self::ManyThreads => many_threads::run(),
            Self::FirstCalls => first_calls::run(mixed),
            Self::Small300 => small::run(),
            Self::Nothing => Meter::start().stop().finish(0),
        }
    }

    /// The same, and the memory 2 s after its end.
    pub(crate) fn run_and_wait(self, steps: u64, threads: Option<u8>) -> Sample {
        let sample = self.run(steps, threads);
        std::thread::sleep(LATER);
        Sample { later_kb: Some(meter::resident_kb()), ..sample }
    }
}

fn below_1k(random: &mut Xorshift) -> usize {
    1 + random.draw() % 1_000
}

fn mid(draw: usize) -> Block {
    Block::with_pages(8 * 1024 + draw % (24 * 1024 + 1))
}

fn mixed(random: &mut Xorshift) -> usize {
    16 + random.draw() % (512 - 16 + 1)
}

/// 1–1,024 bytes, half of them below 9.
fn half_tiny(random: &mut Xorshift) -> usize {
    let draw = random.draw();
    if draw & 1 == 0 { 1 + (draw >> 1) % 8 } else { 9 + (draw >> 1) % (1_024 - 9 + 1) }
}

/// 16 bytes to 1 MiB, each power of two as often as any other.
fn any_size(draw: usize) -> usize {
    let power = 16 << (draw & 15);
    power + (draw >> 4) % power
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no workload is hidden");
        f.pad(value.get_name())
    }
}
