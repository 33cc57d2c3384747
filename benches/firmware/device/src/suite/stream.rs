//! The streams: which blocks are asked for and given back, in what order. They are those of shared/firmware.md in sizes,
//! slots and steps; the seeds were chosen so that the most bytes that are live at once are those given there.

use super::heap::{self, Block, WORD};
use super::random::Random;

/// The most slots of a stream.
const SLOTS: usize = 256;
const STEPS: usize = 20_000;

#[derive(Clone, Copy)]
enum Sizes {
    /// Each from the first to the second equally often.
    Even(usize, usize),
    /// Three quarters 4 to 32, a fifth 33 to 128, the rest 129 to 1024.
    Mixed,
}

impl Sizes {
    fn draw(self, random: &mut Random) -> usize {
        let (least, most) = match self {
            Self::Even(least, most) => (least, most),
            Self::Mixed => match random.below(100) {
                0..75 => (4, 32),
                75..95 => (33, 128),
                _ => (129, 1024),
            },
        };
        random.between(least, most)
    }
}

#[derive(Clone, Copy)]
enum Order {
    /// Any slot: a full one is emptied, an empty one is filled.
    Any,
    /// One slot behind the other: emptied, then filled.
    Ring,
}

#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    order: Order,
    slots: usize,
    sizes: Sizes,
    seed: u32,
    align: usize,
}

pub(crate) const RAND64: Stream =
    Stream { name: "rand64", order: Order::Any, slots: 64, sizes: Sizes::Even(8, 512), seed: 0x2E2A_C0EA, align: WORD };
/// Fills an arena of 32 KiB almost up.
pub(crate) const TIGHT200: Stream = Stream {
    name: "tight200",
    order: Order::Any,
    slots: 200,
    sizes: Sizes::Even(8, 512),
    seed: 0x2E2A_C0EA,
    align: WORD,
};
pub(crate) const SMALL256: Stream = Stream {
    name: "small256",
    order: Order::Any,
    slots: 256,
    sizes: Sizes::Even(4, 64),
    seed: 0x5D51_0606,
    align: WORD,
};
pub(crate) const MIXED256: Stream =
    Stream { name: "mixed256", order: Order::Any, slots: 256, sizes: Sizes::Mixed, seed: 0x3C39_C5FD, align: WORD };
pub(crate) const FIFO64: Stream = Stream {
    name: "fifo64",
    order: Order::Ring,
    slots: 64,
    sizes: Sizes::Even(8, 512),
    seed: 0x7A09_62B8,
    align: WORD,
};
/// For the fragmentation torture.
pub(crate) const MIXED160: Stream =
    Stream { name: "mixed160", order: Order::Any, slots: 160, sizes: Sizes::Mixed, seed: 0x3C39_C5FD, align: WORD };

/// Looks on while a stream is played.
pub(crate) trait Watch {
    fn took(&mut self, block: Option<&mut Block>, bytes: usize, cost: u32);

    fn gives(&mut self, _: &mut Block) {}

    fn gave(&mut self, _: u32) {}

    /// Whether the rest is of no interest.
    fn seen_enough(&self) -> bool {
        false
    }
}

/// The blocks that a stream has out.
pub(crate) struct Slots([Option<Block>; SLOTS]);

impl Slots {
    pub(crate) const fn empty() -> Self {
        Self([None; SLOTS])
    }

    fn give(&mut self, slot: usize, watch: &mut impl Watch) -> bool {
        let Some(mut block) = self.0[slot].take() else { return false };
        watch.gives(&mut block);
        watch.gave(heap::give(block));
        true
    }

    fn take(&mut self, slot: usize, bytes: usize, align: usize, watch: &mut impl Watch) {
        let (mut block, cost) = heap::take(bytes, align);
        watch.took(block.as_mut(), bytes, cost);
        self.0[slot] = block;
    }

    pub(crate) fn give_all(&mut self, watch: &mut impl Watch) {
        for slot in 0..SLOTS {
            self.give(slot, watch);
        }
    }
}

impl Stream {
    /// The same with another alignment of every block.
    pub(crate) fn aligned(self, align: usize) -> Self {
        Self { align, ..self }
    }

    /// Its usual number of steps; what is out then stays so.
    pub(crate) fn play(&self, slots: &mut Slots, watch: &mut impl Watch) {
        self.play_steps(STEPS, slots, watch);
    }

    pub(crate) fn play_steps(&self, steps: usize, slots: &mut Slots, watch: &mut impl Watch) {
        let mut random = Random::new(self.seed);
        for step in 0..steps {
            match self.order {
                Order::Any => {
                    let slot = random.below(self.slots);
                    if !slots.give(slot, watch) {
                        slots.take(slot, self.sizes.draw(&mut random), self.align, watch);
                    }
                }
                Order::Ring => {
                    let slot = step % self.slots;
                    slots.give(slot, watch);
                    slots.take(slot, self.sizes.draw(&mut random), self.align, watch);
                }
            }
            if watch.seen_enough() {
                return;
            }
        }
    }
}
