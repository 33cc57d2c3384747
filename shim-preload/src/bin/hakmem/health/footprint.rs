//! Footprint: memory that is taken, and given back.

use std::env;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::block::Block;
use crate::dice::Dice;
use crate::health::speed::{Toggle, mixed_block};
use crate::memory;

const REALLOC_MOST: usize = 256 << 20;
const WARM_STEPS: u32 = 500_000;
const STEADY_STEPS: u32 = 50_000;
const THREADS: usize = 200;
const BLOCKS: usize = 60;
/// More of its stack than an allocator's slow path uses.
const TOUCHED_STACK: usize = 32 << 10;
const RETURNED_BYTES: usize = 64 << 20;
const IDLE: Duration = Duration::from_secs(2);
/// What a process does that goes on after a pause.
const LATER_BLOCKS: usize = 300;

/// See the table of profiles.
pub(crate) fn realloc() -> Result<f64, String> {
    let before = memory::resident_kb()?;
    let mut size = 16;
    let mut block = Block::new(size);
    while size < REALLOC_MOST {
        block.grow(size, 2 * size);
        size *= 2;
    }
    Ok(memory::peak_kb()?.saturating_sub(before) as f64 / 1024.0)
}

/// How much `figure` grows in the steady part.
fn steady(figure: fn() -> Result<u64, String>) -> Result<f64, String> {
    let mut toggle = Toggle::<256>::new();
    toggle.run(WARM_STEPS, mixed_block);
    // The first reading may itself touch something for the first time.
    figure()?;
    let before = figure()?;
    toggle.run(STEADY_STEPS, mixed_block);
    Ok(figure()?.saturating_sub(before) as f64)
}

/// See the table of profiles.
pub(crate) fn steady_faults() -> Result<f64, String> {
    steady(memory::minor_faults)
}

/// See the table of profiles.
pub(crate) fn steady_memory() -> Result<f64, String> {
    steady(memory::resident_kb)
}

/// See the table of profiles.
pub(crate) fn threads_memory() -> Result<f64, String> {
    // The points that all threads and this one reach together: stacks touched, before read, allocated, after read.
    static STAGES: [Barrier; 4] = [const { Barrier::new(THREADS + 1) }; 4];
    let [touched, begun, held, read] = &STAGES;
    let body = |number: usize| {
        let mut dice = Dice::new();
        for _ in 0..number {
            dice.roll();
        }
        black_box(&mut [1_u8; TOUCHED_STACK]);
        touched.wait();
        begun.wait();
        let blocks: [Block; BLOCKS] = std::array::from_fn(|_| Block::with_ends(dice.between(16, 256)));
        held.wait();
        read.wait();
        drop(blocks);
    };
    let mut threads = Vec::with_capacity(THREADS);
    for number in 0..THREADS {
        let thread = thread::Builder::new().spawn(move || body(number));
        threads.push(thread.map_err(|why| format!("thread {number} cannot be started: {why}; raise `ulimit -u`"))?);
    }
    touched.wait();
    let before = memory::resident_kb()?;
    begun.wait();
    held.wait();
    let after = memory::resident_kb()?;
    read.wait();
    // One that ended early would have kept the others waiting.
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(after.saturating_sub(before) as f64 / THREADS as f64)
}

/// See the table of profiles.
pub(crate) fn base_memory() -> Result<f64, String> {
    let library = env::var("LD_PRELOAD").ok();
    Ok(memory::own_kb(library.as_deref())? as f64)
}

/// See the table of profiles.
pub(crate) fn returned() -> Result<f64, String> {
    let mut dice = Dice::new();
    memory::resident_kb()?;
    let before = memory::resident_kb()?;
    let (mut blocks, mut bytes) = (vec![], 0);
    while bytes < RETURNED_BYTES {
        let size = dice.between(16, 512);
        blocks.push(Block::new(size));
        bytes += size;
    }
    drop(blocks);
    thread::sleep(IDLE);
    let later: Vec<Block> = (0..LATER_BLOCKS).map(|_| Block::new(dice.between(16, 2048))).collect();
    drop(later);
    Ok(memory::resident_kb()?.saturating_sub(before) as f64 / 1024.0)
}
