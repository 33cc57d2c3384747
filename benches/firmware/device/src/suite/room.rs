//! Bytes that blocks can have of the arena.

use firmware_device::{ARENA_BYTES, say};

use super::blocks::Blocks;
use super::heap;
use super::random::Random;

const SIZES: [usize; 8] = [8, 16, 32, 64, 100, 256, 512, 1024];

pub(crate) fn run() {
    let mut blocks = Blocks::NONE;
    for bytes in SIZES {
        heap::renew(ARENA_BYTES);
        blocks.fill(bytes);
        say!("room.{bytes} {}", blocks.bytes());
        blocks.give_all();
    }
    heap::renew(ARENA_BYTES);
    say!("largest.fresh {}", heap::largest());
    let mut random = Random::new(7);
    let mut places = [0; super::blocks::PLACES];
    for most in [64, 1024] {
        blocks.fill_with(|| random.between(4, most));
        let places = &mut places[..blocks.count()];
        places.iter_mut().zip(0..).for_each(|(place, number)| *place = number);
        random.shuffle(places);
        blocks.give_each(places.iter().copied());
        blocks.give_all();
    }
    say!("largest.after {}", heap::largest());
}
