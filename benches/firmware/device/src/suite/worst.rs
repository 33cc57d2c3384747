//! The dearest calls in states that were made to be bad.

use firmware_device::{ARENA_BYTES, say};

use super::blocks::{Blocks, PLACES};
use super::heap::{self, WORD};
use super::random::Random;
use super::stream::{Slots, TIGHT200, Watch};

/// Instructions of the dearest calls.
#[derive(Clone, Copy, Default)]
struct Most {
    alloc: u32,
    free: u32,
}

impl Most {
    fn allocated(&mut self, cost: u32) {
        self.alloc = self.alloc.max(cost);
    }

    fn freed(&mut self, cost: u32) {
        self.free = self.free.max(cost);
    }

    /// Takes a block and gives it back; what it cost if it was refused, else 0.
    fn ask(&mut self, bytes: usize, align: usize) -> u32 {
        let (block, cost) = heap::take(bytes, align);
        self.allocated(cost);
        match block {
            Some(block) => {
                self.freed(heap::give(block));
                0
            }
            None => cost,
        }
    }

    fn say(&self, scene: &str) {
        say!("worst.{scene}.alloc {}", self.alloc);
        say!("worst.{scene}.free {}", self.free);
    }
}

const ASKED: [usize; 10] = [4, 16, 24, 33, 64, 100, 160, 256, 600, 2048];
const ALIGNS: [usize; 8] = [4, 8, 16, 32, 64, 128, 256, 1024];

fn ask_everything(most: &mut Most) {
    for bytes in ASKED {
        for align in ALIGNS {
            most.ask(bytes, align);
        }
    }
    for (bytes, align) in [(40_000, WORD), (isize::MAX as usize - 3, WORD), (100, 4096), (100, 16_384), (16, 32_768)] {
        most.ask(bytes, align);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Up,
    Down,
    Any,
}

fn order(places: &mut [usize], turn: Turn, random: &mut Random) {
    match turn {
        Turn::Up => {}
        Turn::Down => places.reverse(),
        Turn::Any => random.shuffle(places),
    }
}

/// The arena full of blocks of one size, every other one given back: as many holes as there can be.
fn checkerboards() {
    let (mut most, mut refused64, mut refused_aligned, mut freed16) = (Most::default(), 0, 0, 0);
    let mut random = Random::new(3);
    let mut places = [0; PLACES];
    for bytes in [8, 16, 32, 48, 128] {
        for turn in [Turn::Up, Turn::Down, Turn::Any] {
            for phase in 0..2 {
                heap::renew(ARENA_BYTES);
                let mut blocks = Blocks::NONE;
                most.allocated(blocks.fill(bytes));
                let count = (blocks.count() - phase).div_ceil(2);
                places.iter_mut().zip((phase..).step_by(2)).take(count).for_each(|(place, number)| *place = number);
                order(&mut places[..count], turn, &mut random);
                let cost = blocks.give_each(places[..count].iter().copied());
                most.freed(cost);
                if bytes == 16 {
                    freed16 = freed16.max(if turn == Turn::Up { cost } else { 0 });
                    refused64 = refused64.max(most.ask(64, WORD));
                    refused_aligned = refused_aligned.max(most.ask(16, 32));
                }
                ask_everything(&mut most);
                most.freed(blocks.give_all());
            }
        }
    }
    say!("worst.refused64 {refused64}");
    say!("worst.refused_aligned {refused_aligned}");
    say!("worst.checkerboard_free {freed16}");
    most.say("checkerboard");
}

const HOLES: usize = 64;
const GUARD: usize = 16;

/// Holes of nearly one size, with blocks in between and nothing else free.
fn holes(base: usize, vary: impl Fn(usize) -> usize, most: &mut Most) {
    heap::renew(ARENA_BYTES);
    let (mut blocks, mut guards) = (Blocks::NONE, Blocks::NONE);
    for hole in 0..HOLES {
        let pair = (heap::take(base + vary(hole), WORD).0, heap::take(GUARD, WORD).0);
        let (Some(block), Some(guard)) = pair else { break };
        blocks.push(block);
        guards.push(guard);
    }
    for bytes in [4096, 512, 64, GUARD, 8] {
        guards.fill(bytes);
    }
    most.freed(blocks.give_all());
}

/// Many holes in one class, most of them too small for what is asked.
fn same_class() {
    let (mut most, mut walk) = (Most::default(), 0);
    for base in [64, 96, 128, 256, 320, 448] {
        for scale in [1, 2, 4, 8] {
            holes(base, |hole| hole % 16 * (base / 16) / scale, &mut most);
            for bytes in (base..base * 2).step_by(4) {
                for align in [WORD, 16, 64] {
                    most.ask(bytes, align);
                }
            }
        }
    }
    holes(256, |hole| hole % 16, &mut most);
    for bytes in 257..=300 {
        let before = core::mem::take(&mut most);
        most.ask(bytes, WORD);
        walk = walk.max(most.alloc);
        most.allocated(before.alloc);
        most.freed(before.free);
    }
    say!("worst.same_class {walk}");
    most.say("class");
}

/// A long run of all sizes and alignments, with few blocks and with many.
fn over_aligned() {
    let mut most = Most::default();
    let mut random = Random::new(5);
    for (slots, largest) in [(64, 512), (200, 512), (400, 100), (100, 2000)] {
        heap::renew(ARENA_BYTES);
        let mut out = [None; 400];
        for _ in 0..12_000 {
            let slot = &mut out[random.below(slots)];
            if let Some(block) = slot.take() {
                most.freed(heap::give(block));
            } else {
                let (block, cost) = heap::take(random.between(1, largest), 1 << random.below(11));
                most.allocated(cost);
                *slot = block;
            }
        }
    }
    most.say("aligned");
}

impl Watch for Most {
    fn took(&mut self, _: Option<&mut heap::Block>, _: usize, cost: u32) {
        self.allocated(cost);
    }

    fn gave(&mut self, cost: u32) {
        self.freed(cost);
    }
}

/// Every request in a heap that was used for a while, and in one that is as good as new.
fn used() {
    let (mut most, mut slots) = (Most::default(), Slots::empty());
    heap::renew(ARENA_BYTES);
    ask_everything(&mut most);
    for steps in [1000, 1500, 2000, 2500, 3000] {
        TIGHT200.play_steps(steps, &mut slots, &mut most);
        ask_everything(&mut most);
    }
    slots.give_all(&mut most);
    ask_everything(&mut most);
    most.say("used");
}

pub(crate) fn run() {
    checkerboards();
    same_class();
    over_aligned();
    used();
}
