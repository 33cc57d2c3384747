//! The shadow oracle: it knows every live block and what stands in it.
//!
//! A block is filled with a pattern of its own over all its usable bytes, so that any two blocks that
//! overlap, any block that is cleared too late and any copy that is too short shows. Of blocks above
//! [`WHOLE`] bytes the two ends and the first bytes of every page are filled.

#![allow(unsafe_code, reason = "writes and reads the blocks it is told of")]

use std::collections::BTreeMap;

/// Blocks up to so many bytes are filled to the last one.
pub const WHOLE: usize = 16 << 10;

const EDGE: usize = 4 << 10;
const PAGE: usize = 4 << 10;
const SAMPLE: usize = 16;

/// What the client asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// At least so many bytes.
    pub bytes: usize,
    /// At a multiple of this.
    pub align: usize,
    /// Reading as zero.
    pub zeroed: bool,
}

/// A live block.
#[derive(Clone, Copy, Debug)]
struct Block {
    start: *mut u8,
    bytes: usize,
    usable: usize,
    seed: u64,
}

/// All live blocks, by address.
#[derive(Debug, Default)]
pub struct Oracle {
    live: BTreeMap<usize, Block>,
}

/// The alignment that a plain request of `bytes` is promised.
pub const fn natural_align(bytes: usize) -> usize {
    if bytes <= 8 { 8 } else { 16 }
}

/// Parts of a block of `usable` bytes that carry the pattern.
fn parts(usable: usize) -> impl Iterator<Item = core::ops::Range<usize>> {
    let (head, tail) = if usable <= WHOLE { (usable, usable) } else { (EDGE, usable - EDGE) };
    let middle = (head..tail).step_by(PAGE).map(move |at| at..(at + SAMPLE).min(tail));
    core::iter::once(0..head).chain(middle).chain(core::iter::once(tail..usable))
}

fn pattern(seed: u64, at: usize) -> u8 {
    ((seed ^ (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)) >> 32) as u8
}

impl Oracle {
    /// Knows of no block.
    pub const fn new() -> Self {
        Self { live: BTreeMap::new() }
    }

    /// Live blocks.
    pub fn blocks(&self) -> usize {
        self.live.len()
    }

    /// Usable bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.live.values().map(|block| block.usable).sum()
    }

    /// Takes note of a new block, fills it, and panics if it is not what was wished for.
    ///
    /// # Safety
    ///
    /// The block is live and `usable` bytes long, and nobody else uses it until it is dismissed.
    pub unsafe fn admit(&mut self, start: *mut u8, usable: usize, wish: Wish, tag: u64) {
        self.check_place(start, usable, wish);
        if wish.zeroed {
            // SAFETY: the caller's promise; memory that the provider handed out can be read.
            let contents = unsafe { core::slice::from_raw_parts(start, wish.bytes) };
            assert!(contents.iter().all(|&byte| byte == 0), "{start:p}, {} bytes, does not read as zero", wish.bytes);
        }
        let seed = (tag + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ start.addr() as u64;
        for at in parts(usable).flatten() {
            // SAFETY: within the block.
            unsafe { start.add(at).write(pattern(seed, at)) };
        }
        self.live.insert(start.addr(), Block { start, bytes: wish.bytes, usable, seed });
    }

    fn check_place(&self, start: *mut u8, usable: usize, wish: Wish) {
        assert!(!start.is_null(), "a block is not null");
        assert!(usable >= wish.bytes, "{usable} usable bytes for {}", wish.bytes);
        assert_eq!(start.addr() % wish.align, 0, "{start:p} for {} bytes at {}", wish.bytes, wish.align);
        if let Some((&at, next)) = self.live.range(start.addr()..).next() {
            assert!(start.addr() + usable <= at, "{start:p} + {usable} runs into {at:#x}: {next:?}");
        }
        if let Some((&at, previous)) = self.live.range(..start.addr()).next_back() {
            assert!(at + previous.usable <= start.addr(), "{start:p} lies in {at:#x}: {previous:?}");
        }
    }

    /// Panics if a live block does not hold its pattern in its first `kept` bytes, which now stand at `at`.
    unsafe fn check_contents(block: Block, at: *mut u8, kept: usize) {
        for offset in parts(block.usable).flatten().take_while(|&offset| offset < kept) {
            // SAFETY: within the block.
            let found = unsafe { at.add(offset).read() };
            assert_eq!(found, pattern(block.seed, offset), "byte {offset} of {at:p}, {block:?}, was overwritten");
        }
    }

    /// Forgets a block that is about to be given back, and panics if its contents or its usable size
    /// changed.
    pub fn dismiss(&mut self, start: *mut u8, usable: usize) {
        let block = self.live.remove(&start.addr()).expect("only live blocks are dismissed");
        assert_eq!(block.usable, usable, "the usable size of {start:p}, {} bytes, changed", block.bytes);
        // SAFETY: live until now, by the promise at `admit`.
        unsafe { Self::check_contents(block, block.start, usable) };
    }

    /// A block was resized: the old contents must stand in the new block, which is filled anew.
    ///
    /// # Safety
    ///
    /// As for [`Oracle::admit`]; the old block is gone unless it is the new one.
    pub unsafe fn resized(&mut self, old: *mut u8, new: *mut u8, usable: usize, bytes: usize, tag: u64) {
        let block = self.live.remove(&old.addr()).expect("only live blocks are resized");
        // SAFETY: the caller's promise: as long as both are.
        unsafe { Self::check_contents(block, new, block.usable.min(bytes)) };
        let wish = Wish { bytes, align: natural_align(bytes), zeroed: false };
        // SAFETY: the caller's promise.
        unsafe { self.admit(new, usable, wish, tag) };
    }

    /// Panics unless every live block holds what it should.
    pub fn check_all(&self) {
        for &block in self.live.values() {
            // SAFETY: live, by the promise at `admit`.
            unsafe { Self::check_contents(block, block.start, block.usable) };
        }
    }
}
