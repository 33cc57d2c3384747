//! The shadow oracle: it knows every live block and what stands in it.
//!
//! A block is filled with a pattern of its own over all its usable bytes, so that any two blocks that
//! overlap, any block that is cleared too late and any copy that is too short shows. Of blocks above
//! [`WHOLE`] bytes the two ends and the first bytes of every page are filled.
//!
//! It has room for so many blocks and allocates nothing, so that it runs on a device as well.

#![allow(unsafe_code, reason = "writes and reads the blocks it is told of")]

use core::ptr::null_mut;

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
    seed: u32,
}

impl Block {
    const NONE: Self = Self { start: null_mut(), bytes: 0, usable: 0, seed: 0 };
}

/// All live blocks, `N` at most.
#[derive(Debug)]
pub struct Oracle<const N: usize> {
    /// In the order of their addresses.
    live: [Block; N],
    count: usize,
}

impl<const N: usize> Default for Oracle<N> {
    fn default() -> Self {
        Self::new()
    }
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

fn pattern(seed: u32, at: usize) -> u8 {
    (seed.wrapping_add(at as u32).wrapping_mul(0x9E37_79B1) >> 24) as u8
}

/// # Safety
///
/// So many bytes can be written.
unsafe fn fill(start: *mut u8, usable: usize, seed: u32) {
    for part in parts(usable) {
        for at in part {
            // SAFETY: the caller's promise.
            unsafe { start.add(at).write(pattern(seed, at)) };
        }
    }
}

/// Panics if a block does not hold its pattern in its first `kept` bytes, which now stand at `at`.
///
/// # Safety
///
/// There are so many.
unsafe fn check_contents(block: Block, at: *mut u8, kept: usize) {
    for part in parts(block.usable) {
        for offset in part.start..part.end.min(kept) {
            // SAFETY: the caller's promise.
            let found = unsafe { at.add(offset).read() };
            assert_eq!(found, pattern(block.seed, offset), "byte {offset} of {at:p}, {block:?}, was overwritten");
        }
    }
}

impl<const N: usize> Oracle<N> {
    /// Knows of no block.
    pub const fn new() -> Self {
        Self { live: [Block::NONE; N], count: 0 }
    }

    fn live(&self) -> &[Block] {
        &self.live[..self.count]
    }

    /// Live blocks.
    pub fn blocks(&self) -> usize {
        self.count
    }

    /// Usable bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.live().iter().map(|block| block.usable).sum()
    }

    /// Where a block stands in the list, or would.
    fn place(&self, start: *mut u8) -> Result<usize, usize> {
        self.live().binary_search_by_key(&start.addr(), |block| block.start.addr())
    }

    /// Start and usable bytes of the live block that an address lies in.
    pub fn covering(&self, address: usize) -> Option<(*mut u8, usize)> {
        let behind = self.live().partition_point(|block| block.start.addr() <= address);
        let block = self.live()[..behind].last()?;
        (address - block.start.addr() < block.usable).then_some((block.start, block.usable))
    }

    fn remove(&mut self, start: *mut u8) -> Option<Block> {
        let place = self.place(start).ok()?;
        let block = self.live[place];
        self.live.copy_within(place + 1..self.count, place);
        self.count -= 1;
        Some(block)
    }

    /// Takes note of a new block, fills it, and panics if it is not what was wished for.
    ///
    /// # Safety
    ///
    /// The block is live and `usable` bytes long, and nobody else uses it until it is dismissed.
    pub unsafe fn admit(&mut self, start: *mut u8, usable: usize, wish: Wish, tag: u8) {
        let place = self.check_place(start, usable, wish);
        if wish.zeroed {
            // SAFETY: the caller's promise; memory that the provider handed out can be read.
            let contents = unsafe { core::slice::from_raw_parts(start, wish.bytes) };
            assert!(contents.iter().all(|&byte| byte == 0), "{start:p}, {} bytes, does not read as zero", wish.bytes);
        }
        let seed = (u32::from(tag) + 1).wrapping_mul(0x85EB_CA6B) ^ start.addr() as u32;
        // SAFETY: within the block.
        unsafe { fill(start, usable, seed) };
        assert!(self.count < N, "the oracle has room for {N} blocks");
        self.live.copy_within(place..self.count, place + 1);
        self.live[place] = Block { start, bytes: wish.bytes, usable, seed };
        self.count += 1;
    }

    /// Where a new block belongs in the list.
    fn check_place(&self, start: *mut u8, usable: usize, wish: Wish) -> usize {
        assert!(!start.is_null(), "a block is not null");
        assert!(usable >= wish.bytes, "{usable} usable bytes for {}", wish.bytes);
        assert_eq!(start.addr() % wish.align, 0, "{start:p} for {} bytes at {}", wish.bytes, wish.align);
        let place = self.place(start).unwrap_or_else(|place| place);
        if let Some(next) = self.live().get(place) {
            assert!(start.addr() + usable <= next.start.addr(), "{start:p} + {usable} runs into {next:?}");
        }
        if let Some(previous) = self.live()[..place].last() {
            assert!(previous.start.addr() + previous.usable <= start.addr(), "{start:p} lies in {previous:?}");
        }
        place
    }

    /// Forgets a block that is about to be given back, and panics if its contents or its usable size
    /// changed.
    pub fn dismiss(&mut self, start: *mut u8, usable: usize) {
        let block = self.remove(start).expect("only live blocks are dismissed");
        assert_eq!(block.usable, usable, "the usable size of {start:p}, {} bytes, changed", block.bytes);
        // SAFETY: live until now, by the promise at `admit`.
        unsafe { check_contents(block, block.start, usable) };
    }

    /// A block was resized: the old contents must stand in the new block, which is filled anew.
    ///
    /// # Safety
    ///
    /// As for [`Oracle::admit`]; the old block is gone unless it is the new one.
    pub unsafe fn resized(&mut self, old: *mut u8, new: *mut u8, usable: usize, wish: Wish, tag: u8) {
        let block = self.remove(old).expect("only live blocks are resized");
        // SAFETY: the caller's promise: as long as both are.
        unsafe { check_contents(block, new, block.usable.min(wish.bytes)) };
        // SAFETY: the caller's promise.
        unsafe { self.admit(new, usable, wish, tag) };
    }

    /// Panics unless every live block holds what it should.
    pub fn check_all(&self) {
        for &block in self.live() {
            // SAFETY: live, by the promise at `admit`.
            unsafe { check_contents(block, block.start, block.usable) };
        }
    }
}
