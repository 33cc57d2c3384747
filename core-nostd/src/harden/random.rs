//! `random`: numbers that who sees earlier ones cannot foretell: ChaCha with eight rounds, a key for each thread.

use crate::base::sync::Cell;

/// Words of a key.
pub const KEY_WORDS: usize = 8;
const BLOCK: usize = 16;
const DOUBLE_ROUNDS: usize = 4;
/// "expand 32-byte k", the cipher's own words.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574];

/// See the file's head. All zero it has no key yet, and draws what everybody can foretell.
#[derive(Debug)]
pub struct Dice {
    key: [Cell<u32>; KEY_WORDS],
    drawn: [Cell<u32>; BLOCK],
    blocks: Cell<u64>,
    left: Cell<u8>,
}

impl Dice {
    /// With a key.
    pub const fn new(key: [u32; KEY_WORDS]) -> Self {
        let dice = Self {
            key: [const { Cell::new(0) }; KEY_WORDS],
            drawn: [const { Cell::new(0) }; BLOCK],
            blocks: Cell::new(0),
            left: Cell::new(0),
        };
        Self { key: cells(key), ..dice }
    }

    /// Takes another key.
    pub fn rekey(&self, key: [u32; KEY_WORDS]) {
        self.key.iter().zip(key).for_each(|(cell, word)| cell.set(word));
        self.left.set(0);
    }

    /// 32 random bits.
    pub fn draw(&self) -> u32 {
        if self.left.get() == 0 {
            self.refill();
            self.left.set(BLOCK as u8);
        }
        let left = self.left.get() - 1;
        self.left.set(left);
        self.drawn.get(usize::from(left)).map_or(0, Cell::get)
    }

    /// A number below `count`, which is below 2¹⁶: none is more likely than another by more than 2⁻¹⁶.
    pub fn below(&self, count: usize) -> usize {
        ((u64::from(self.draw()) * count as u64) >> 32) as usize
    }

    #[cold]
    fn refill(&self) {
        let count = self.blocks.get();
        self.blocks.set(count.wrapping_add(1));
        let [a, b, c, d] = CONSTANTS;
        let [e, f, g, h, i, j, k, l] = self.key.each_ref().map(Cell::get);
        let before = [a, b, c, d, e, f, g, h, i, j, k, l, count as u32, (count >> 32) as u32, 0, 0];
        let mut words = before;
        for _ in 0..DOUBLE_ROUNDS {
            quarter::<0, 4, 8, 12>(&mut words);
            quarter::<1, 5, 9, 13>(&mut words);
            quarter::<2, 6, 10, 14>(&mut words);
            quarter::<3, 7, 11, 15>(&mut words);
            quarter::<0, 5, 10, 15>(&mut words);
            quarter::<1, 6, 11, 12>(&mut words);
            quarter::<2, 7, 8, 13>(&mut words);
            quarter::<3, 4, 9, 14>(&mut words);
        }
        for ((cell, word), was) in self.drawn.iter().zip(words).zip(before) {
            cell.set(word.wrapping_add(was));
        }
    }
}

const fn cells([a, b, c, d, e, f, g, h]: [u32; KEY_WORDS]) -> [Cell<u32>; KEY_WORDS] {
    [Cell::new(a), Cell::new(b), Cell::new(c), Cell::new(d), Cell::new(e), Cell::new(f), Cell::new(g), Cell::new(h)]
}

#[inline(always)]
fn quarter<const A: usize, const B: usize, const C: usize, const D: usize>(words: &mut [u32; BLOCK]) {
    words[A] = words[A].wrapping_add(words[B]);
    words[D] = (words[D] ^ words[A]).rotate_left(16);
    words[C] = words[C].wrapping_add(words[D]);
    words[B] = (words[B] ^ words[C]).rotate_left(12);
    words[A] = words[A].wrapping_add(words[B]);
    words[D] = (words[D] ^ words[A]).rotate_left(8);
    words[C] = words[C].wrapping_add(words[D]);
    words[B] = (words[B] ^ words[C]).rotate_left(7);
}

#[cfg(test)]
mod tests;
