//! Workload: what the demonstration measures, run in a process of its own.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::block::Block;
use crate::dice::Dice;
use crate::memory;

/// One thing that programs do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// The word after `hakmem workload`.
    pub(crate) name: &'static str,
    /// A line for the table.
    pub(crate) about: &'static str,
    work: fn(),
}

/// All of them, in the table's order.
pub(crate) const ALL: [Workload; 4] = [
    Workload {
        name: "mixed",
        about: "small objects: 5 million steps, 16 to 1039 bytes, 256 alive at most",
        work: mixed,
    },
    Workload { name: "nodes", about: "many nodes: twice 300 000 of 16 to 200 bytes, freed at random", work: nodes },
    Workload {
        name: "handoff",
        about: "two threads: 1 million blocks, one asks for them, the other frees",
        work: handoff,
    },
    Workload {
        name: "growth",
        about: "growth: a buffer by realloc from 1 KiB to 64 MiB, with small neighbours",
        work: growth,
    },
];

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// From the first call to the last.
    pub(crate) time: Duration,
    /// The most memory that the process ever had.
    pub(crate) peak_bytes: u64,
}

impl Cost {
    /// As a line for the process that measures.
    pub(crate) fn to_line(self) -> String {
        format!("{} {}", self.time.as_nanos(), self.peak_bytes)
    }

    /// Reads [`Self::to_line`].
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (nanos, bytes) = line.trim().split_once(' ')?;
        Some(Self { time: Duration::from_nanos(nanos.parse().ok()?), peak_bytes: bytes.parse().ok()? })
    }
}

/// Does the work called `name` once.
pub(crate) fn measure(name: &str) -> Result<Cost, String> {
    let Some(workload) = ALL.iter().find(|workload| workload.name == name) else {
        let names = ALL.map(|workload| workload.name).join(", ");
        return Err(format!("no workload is called `{name}`; there are {names}"));
    };
    let started = Instant::now();
    (workload.work)();
    let time = started.elapsed();
    let peak_bytes = memory::peak_kb()? * 1024;
    Ok(Cost { time, peak_bytes })
}

fn mixed() {
    let mut slots: Vec<Option<Block>> = (0..256).map(|_| None).collect();
    let mut dice = Dice::new();
    for _ in 0..5_000_000 {
        let number = dice.roll();
        if let Some(slot) = slots.get_mut(number >> 10 & 0xFF) {
            *slot = match slot.take() {
                Some(_) => None,
                None => Some(Block::new(16 + (number & 0x3FF))),
            };
        }
    }
}

fn nodes() {
    let mut dice = Dice::new();
    for _ in 0..2 {
        let mut nodes: Vec<Block> = (0..300_000).map(|_| Block::new(16 + dice.roll() % 185)).collect();
        while !nodes.is_empty() {
            drop(nodes.swap_remove(dice.roll() % nodes.len()));
        }
    }
}

/// A place for one block on its way from thread to thread.
static RING: [AtomicPtr<u8>; 1024] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 1024];

fn handoff() {
    const BLOCKS: usize = 1_000_000;
    let places = || RING.iter().cycle().take(BLOCKS);
    let consumer = thread::spawn(move || {
        for place in places() {
            await_that(|| !place.load(Ordering::Acquire).is_null());
            drop(Block::from_raw(place.swap(std::ptr::null_mut(), Ordering::AcqRel)));
        }
    });
    let mut dice = Dice::new();
    for place in places() {
        let block = Block::new(16 + (dice.roll() & 0xFF));
        await_that(|| place.load(Ordering::Acquire).is_null());
        place.store(block.into_raw(), Ordering::Release);
    }
    if consumer.join().is_err() {
        crate::output::complain("the thread that frees blocks has ended early");
    }
}

/// Spins for a while, then lets other threads run.
fn await_that(is_so: impl Fn() -> bool) {
    let mut spins = 0_u32;
    while !is_so() {
        spins += 1;
        if spins < 200 { spin_loop() } else { thread::yield_now() }
    }
}

fn growth() {
    const MOST: usize = 64 << 20;
    let mut size = 1 << 10;
    let mut buffer = Block::new(size);
    // A neighbour of each size, as in programs that do more than grow.
    let mut neighbours = vec![];
    while size < MOST {
        let larger = (size + size / 4).min(MOST);
        buffer.grow(size, larger);
        size = larger;
        neighbours.push(Block::new(size / 256 + 16));
    }
}
