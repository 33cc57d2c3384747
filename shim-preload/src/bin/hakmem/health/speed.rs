//! Speed: nanoseconds a step, after as many steps as it takes to warm up.

use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Instant;

use crate::block::Block;
use crate::dice::Dice;

const LARSON_CHAINS: u32 = 4;
const LARSON_BLOCKS: usize = 1024;
/// Threads that follow each other in a chain.
const LARSON_LIVES: u32 = 400;

/// Slots of which each step frees a full one, or fills an empty one.
pub(crate) struct Toggle<const SLOTS: usize> {
    slots: [Option<Block>; SLOTS],
    dice: Dice,
}

impl<const SLOTS: usize> Toggle<SLOTS> {
    /// Empty slots.
    pub(crate) fn new() -> Self {
        Self { slots: [const { None }; SLOTS], dice: Dice::new() }
    }

    /// Does so many steps; `fill` gets a number from which to choose the size.
    #[inline(always)]
    pub(crate) fn run(&mut self, steps: u32, fill: impl Fn(usize) -> Block) {
        for _ in 0..steps {
            let number = self.dice.roll();
            let Some(slot) = self.slots.get_mut((number >> 16) % SLOTS) else { continue };
            *slot = match slot.take() {
                Some(_) => None,
                None => Some(fill(number)),
            };
        }
    }

    fn time(&mut self, steps: u32, fill: impl Fn(usize) -> Block) -> f64 {
        self.run(steps / 20, &fill);
        let started = Instant::now();
        self.run(steps, &fill);
        started.elapsed().as_nanos() as f64 / f64::from(steps)
    }
}

/// Of 16 to 1,039 bytes.
pub(crate) fn mixed_block(number: usize) -> Block {
    Block::with_ends(16 + (number & 0x3FF))
}

/// See the table of profiles.
pub(crate) fn random_mixed() -> Result<f64, String> {
    Ok(Toggle::<256>::new().time(5_000_000, mixed_block))
}

/// The same, short, for a run that counts its calls.
pub(crate) fn short() -> Result<f64, String> {
    Ok(Toggle::<256>::new().time(100_000, mixed_block))
}

/// See the table of profiles.
pub(crate) fn fixed() -> Result<f64, String> {
    Ok(Toggle::<256>::new().time(5_000_000, |_| Block::with_ends(256)))
}

/// See the table of profiles.
pub(crate) fn mid() -> Result<f64, String> {
    Ok(Toggle::<64>::new().time(500_000, |number| Block::with_pages((8 << 10) + number % (24 << 10))))
}

/// Blocks that a thread replaces at random, and leaves to the next.
struct Chain {
    dice: Dice,
    blocks: Vec<Block>,
    lives: u32,
}

impl Chain {
    fn new() -> Self {
        let mut dice = Dice::new();
        let blocks = (0..LARSON_BLOCKS).map(|_| Block::with_ends(dice.between(8, 127))).collect();
        Self { dice, blocks, lives: LARSON_LIVES }
    }

    /// One thread's life, at whose end it starts the next; the last says so.
    fn live(mut self, ended: Sender<()>) {
        for _ in 0..LARSON_BLOCKS {
            let (at, size) = (self.dice.roll() % LARSON_BLOCKS, self.dice.between(8, 127));
            if let Some(block) = self.blocks.get_mut(at) {
                *block = Block::with_ends(size);
            }
        }
        self.lives -= 1;
        if self.lives > 0 {
            thread::spawn(move || self.live(ended));
        } else {
            // Who waits for it is there to the end.
            let _ = ended.send(());
        }
    }
}

/// See the table of profiles.
pub(crate) fn larson4() -> Result<f64, String> {
    let chains: Vec<Chain> = (0..LARSON_CHAINS).map(|_| Chain::new()).collect();
    let (ended, ends) = channel();
    let started = Instant::now();
    for chain in chains {
        let ended = ended.clone();
        thread::spawn(move || chain.live(ended));
    }
    drop(ended);
    ends.iter().for_each(drop);
    let steps = f64::from(LARSON_CHAINS * LARSON_LIVES) * LARSON_BLOCKS as f64;
    Ok(started.elapsed().as_nanos() as f64 / steps)
}
