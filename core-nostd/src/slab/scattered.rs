//! Many blocks of a span at once: the lowest ones, or, for who has dice, any.

use super::{Refill, Slab};
use crate::base::bits::{low, nth_one, take_lowest};
use crate::base::sync::{AtomicU64, Ordering};
use crate::harden::random::Dice;

impl Slab {
    /// Owner: takes blocks, lowest first or as the dice fall, until `into` is full.
    pub fn take_many(&self, into: &mut Refill<'_>) {
        if let Some(dice) = into.dice {
            return self.take_scattered(dice, into);
        }
        let before = into.len();
        let bytes = self.class().shape().bytes as usize;
        let base = self.base.load(Ordering::Relaxed);
        if self.has_one_word() {
            take_bits(&self.word, base, bytes, into);
        } else {
            let mut summary = self.summary.load(Ordering::Relaxed);
            while summary != 0 && !into.is_full() {
                let at = summary.trailing_zeros() as usize;
                if take_bits(self.word_of(at), base.wrapping_add(at * 64 * bytes), bytes, into) {
                    summary &= summary - 1;
                }
            }
            self.summary.store(summary, Ordering::Relaxed);
        }
        let carved = self.carved.load(Ordering::Relaxed);
        let fresh = into.room().min((self.capacity.get() - carved) as usize);
        into.put_row(base.wrapping_add(carved as usize * bytes), bytes, fresh);
        self.carved.store(carved + fresh as u16, Ordering::Relaxed);
        self.used.set(self.used.get() + (into.len() - before) as u16);
    }

    #[cold]
    fn take_scattered(&self, dice: &Dice, into: &mut Refill<'_>) {
        self.carve_all();
        let (bytes, base) = (self.class().shape().bytes as usize, self.base.load(Ordering::Relaxed));
        let one = |mask: u64| nth_one(mask, dice.below(mask.count_ones() as usize)) as usize % 64;
        let before = into.len();
        while !into.is_full() && self.free_blocks() > into.len() - before {
            let at = if self.has_one_word() { 0 } else { one(self.summary.load(Ordering::Relaxed)) };
            let place = self.word_of(at);
            let word = place.load(Ordering::Relaxed);
            let bit = one(word);
            let left = word & !(1 << bit);
            place.store(left, Ordering::Relaxed);
            if left == 0 && !self.has_one_word() {
                self.summary.store(self.summary.load(Ordering::Relaxed) & !(1 << at), Ordering::Relaxed);
            }
            into.put(base.wrapping_add((at * 64 + bit) * bytes));
        }
        self.used.set(self.used.get() + (into.len() - before) as u16);
    }

    /// Owner: makes every block that was never handed out a free one.
    fn carve_all(&self) {
        let (mut carved, capacity) =
            (usize::from(self.carved.load(Ordering::Relaxed)), usize::from(self.capacity.get()));
        while carved < capacity {
            let end = (carved | 63).min(capacity - 1) + 1;
            let bits = low(end - carved) << (carved % 64);
            let place = self.word_of(carved / 64);
            place.store(place.load(Ordering::Relaxed) | bits, Ordering::Relaxed);
            if !self.has_one_word() {
                self.summary.store(self.summary.load(Ordering::Relaxed) | 1 << (carved / 64), Ordering::Relaxed);
            }
            carved = end;
        }
        self.carved.store(self.capacity.get(), Ordering::Relaxed);
    }
}

/// Takes the blocks of one word, the first of which stands at `base`; true if none is left.
fn take_bits(word: &AtomicU64, base: *mut u8, bytes: usize, into: &mut Refill<'_>) -> bool {
    let mut bits = word.load(Ordering::Relaxed);
    let mut taken = take_lowest(&mut bits, into.room());
    word.store(bits, Ordering::Relaxed);
    while taken != 0 {
        into.put(base.wrapping_add(taken.trailing_zeros() as usize * bytes));
        taken &= taken - 1;
    }
    bits == 0
}
