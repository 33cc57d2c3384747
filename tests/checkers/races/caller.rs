//! A thread's calls, through a front on its stack; every block holds what its taker wrote, all of it.

use hakmem_core::{Allocator, Fault, Front};
use hakmem_tests::scene::{give_fast, give_packed, give_slow, new_front, resize};

use crate::posix::Pages;

/// A live block on its way to another thread.
pub(crate) struct Sent {
    block: *mut u8,
    bytes: usize,
    mark: u8,
}

// SAFETY: the block is the receiver's from then on.
unsafe impl Send for Sent {}

/// See the file's head.
pub(crate) struct Caller<'a> {
    allocator: &'a Allocator<Pages>,
    pub(crate) front: Front,
    draw: u64,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(allocator: &'a Allocator<Pages>, seed: u64) -> Self {
        Self { allocator, front: new_front(), draw: (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) }
    }

    pub(crate) fn draw(&mut self) -> usize {
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 7;
        self.draw ^= self.draw << 17;
        (self.draw >> 16) as usize
    }

    fn bytes(&mut self) -> usize {
        match self.draw() % 200 {
            0 => 1 + self.draw() % 1_300_000,
            1..=9 => 1 + self.draw() % 40_000,
            10..=29 => 1 + self.draw() % 8,
            _ => 1 + self.draw() % 600,
        }
    }

    pub(crate) fn take_bytes(&self, bytes: usize) -> *mut u8 {
        let paths = [Allocator::take, Allocator::take_medium, Allocator::take_slow];
        let block = paths.iter().map(|path| path(self.allocator, &self.front, bytes)).find(|block| !block.is_null());
        block.unwrap_or_else(|| panic!("{bytes} bytes were refused"))
    }

    pub(crate) fn take(&mut self) -> Sent {
        let (bytes, mark) = (self.bytes(), self.draw() as u8);
        let block = self.take_bytes(bytes);
        // SAFETY: ours, and that long.
        unsafe { block.write_bytes(mark, bytes) };
        Sent { block, bytes, mark }
    }

    fn check(Sent { block, bytes, mark }: &Sent) {
        for at in [0, bytes / 2, bytes - 1] {
            // SAFETY: within the block.
            let found = unsafe { block.add(at).read() };
            assert_eq!(found, *mark, "byte {at} of {bytes} at {block:p} was overwritten");
        }
    }

    pub(crate) fn resize(&mut self, sent: Sent) -> Sent {
        Self::check(&sent);
        let bytes = self.bytes();
        let block = resize(self.allocator, &self.front, sent.block, bytes).expect("a live block is resized");
        assert!(!block.is_null(), "{bytes} bytes were refused");
        // SAFETY: ours, and that long.
        unsafe { block.write_bytes(sent.mark, bytes) };
        Sent { block, bytes, mark: sent.mark }
    }

    pub(crate) fn try_give(&self, block: *mut u8) -> Result<(), Fault> {
        if give_fast(self.allocator, &self.front, block) || give_packed(self.allocator, &self.front, block) {
            return Ok(());
        }
        give_slow(self.allocator, &self.front, block)
    }

    pub(crate) fn give(&self, sent: Sent) {
        Self::check(&sent);
        self.try_give(sent.block).expect("a live block is taken back");
    }

    pub(crate) fn end(self) {
        self.allocator.end_thread(&self.front).expect("no block was freed twice");
    }
}
