//! Larson's server: threads replace random blocks of an array, pass it on to a fresh thread, and end.
//!
//! `larson … 8 128 1024 1 12345 N` with a fixed number of steps in place of the seconds: a step is
//! one free and one malloc, and a thread lives for one round of 1,024 steps. The main thread fills
//! the arrays before the clock starts, as the original's does.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Condvar, Mutex};

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::thread::Thread;
use crate::workload::xorshift::Xorshift;

const MAX_CHAINS: usize = 64;
const CHUNKS: usize = 1024;
const ROUNDS: u64 = 1;
const MIN_SIZE: usize = 8;
const MAX_SIZE: usize = 128;
const SEED: u32 = 12345;

/// One array and the threads that own it one after another.
struct Chain {
    random: Xorshift,
    steps_left: u64,
    chunks: [Option<Block>; CHUNKS],
}

static CHAINS: [Mutex<Chain>; MAX_CHAINS] =
    [const { Mutex::new(Chain { random: Xorshift::new(SEED), steps_left: 0, chunks: [const { None }; CHUNKS] }) };
        MAX_CHAINS];

static CHAINS_RUNNING: Mutex<usize> = Mutex::new(0);
static CHAIN_ENDED: Condvar = Condvar::new();

/// Runs `steps` replacements in all, divided among `chains` chains of threads.
pub(crate) fn run(steps: u64, chains: usize) -> Sample {
    let steps_each = steps / chains as u64;
    for (index, chain) in CHAINS[..chains].iter().enumerate() {
        let mut chain = chain.lock().expect("nothing panics under the lock");
        chain.random = Xorshift::new(SEED + index as u32);
        chain.steps_left = steps_each;
        chain.warm_up();
    }
    *CHAINS_RUNNING.lock().expect("nothing panics under the lock") = chains;

    let meter = Meter::start();
    (0..chains).for_each(|index| Thread::start(thread_body, index).detach());
    let mut running = CHAINS_RUNNING.lock().expect("nothing panics under the lock");
    while *running > 0 {
        running = CHAIN_ENDED.wait(running).expect("nothing panics under the lock");
    }
    let reading = meter.stop();

    for chain in &CHAINS[..chains] {
        let mut chain = chain.lock().expect("nothing panics under the lock");
        chain.chunks.iter_mut().filter_map(Option::take).for_each(Block::free);
    }
    reading.finish(steps_each * chains as u64)
}

impl Chain {
    fn warm_up(&mut self) {
        for index in 0..CHUNKS {
            self.chunks[index] = Some(self.fresh_block());
        }
        (0..4 * CHUNKS).for_each(|_| self.replace_one());
    }

    #[inline(always)]
    fn replace_one(&mut self) {
        let index = self.random.draw() % CHUNKS;
        if let Some(block) = self.chunks[index].take() {
            block.free();
        }
        self.chunks[index] = Some(self.fresh_block());
    }

    #[inline(always)]
    fn fresh_block(&mut self) -> Block {
        Block::with_ends(MIN_SIZE + self.random.draw() % (MAX_SIZE - MIN_SIZE))
    }

    /// A thread's life; true if the chain goes on.
    fn run_rounds(&mut self) -> bool {
        let steps = self.steps_left.min(ROUNDS * CHUNKS as u64);
        (0..steps).for_each(|_| self.replace_one());
        self.steps_left -= steps;
        self.steps_left > 0
    }
}

extern "C" fn thread_body(argument: *mut c_void) -> *mut c_void {
    let index = argument.addr();
    let goes_on = CHAINS[index].lock().expect("nothing panics under the lock").run_rounds();
    if goes_on {
        Thread::start(thread_body, index).detach();
    } else {
        *CHAINS_RUNNING.lock().expect("nothing panics under the lock") -= 1;
        CHAIN_ENDED.notify_one();
    }
    null_mut()
}
