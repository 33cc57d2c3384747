//! The contender on the device: it can begin anew with an arena of any length, and its calls are counted.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::with_exposed_provenance_mut;

use firmware_device::contender::{Chosen, Contender};

use super::clock;

/// The longest arena there is, in bytes.
pub(crate) const MOST_BYTES: usize = 49_152;

/// Alignment of a block where a test names none: that of a word.
pub(crate) const WORD: usize = 4;

/// The arena begins 16 bytes behind a multiple of 32,768: nobody's blocks are aligned by luck.
#[repr(C, align(32768))]
struct Memory {
    before: UnsafeCell<[u8; 16]>,
    arena: UnsafeCell<MaybeUninit<[u8; MOST_BYTES]>>,
}

// SAFETY: one thread, and no interrupt that allocates.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory { before: UnsafeCell::new([0; 16]), arena: UnsafeCell::new(MaybeUninit::uninit()) };

struct Renewable(UnsafeCell<Chosen>);

// SAFETY: as for the arena.
unsafe impl Sync for Renewable {}

// SAFETY: the contender's promise.
unsafe impl GlobalAlloc for Renewable {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread; the caller's promise.
        unsafe { (*self.0.get()).alloc(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { (*self.0.get()).dealloc(block, layout) }
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { (*self.0.get()).realloc(block, layout, bytes) }
    }
}

#[global_allocator]
static HEAP: Renewable = Renewable(UnsafeCell::new(Chosen::EMPTY));

/// The contender has so many bytes, all of them free. Blocks that were out are so no more.
pub(crate) fn renew(bytes: usize) {
    assert!(bytes <= MOST_BYTES);
    // SAFETY: one thread; nobody uses a block any more.
    unsafe {
        MEMORY.before.get().write_volatile([0; 16]);
        HEAP.0.get().write(Chosen::EMPTY);
        (*HEAP.0.get()).adopt(MEMORY.arena.get().cast(), bytes);
    }
}

/// See [`Contender::name_faults`].
pub(crate) fn name_faults() {
    // SAFETY: one thread.
    unsafe { (*HEAP.0.get()).name_faults() };
}

fn layout(bytes: usize, align: usize) -> Layout {
    // SAFETY: every alignment here is a power of two, and no size is above `isize::MAX`.
    unsafe { Layout::from_size_align_unchecked(bytes, align) }
}

// Their parameters are in the order in which a `Layout` lies in registers, so that nothing is moved around.
extern "C" fn alloc(align: usize, bytes: usize, _: usize) -> MaybeUninit<usize> {
    // SAFETY: no size here is 0.
    MaybeUninit::new(unsafe { HEAP.alloc(layout(bytes, align)) }.expose_provenance())
}

extern "C" fn dealloc(block: usize, align: usize, bytes: usize) -> MaybeUninit<usize> {
    // SAFETY: only a test of misuse gives a block back twice.
    unsafe { HEAP.dealloc(with_exposed_provenance_mut(block), layout(bytes, align)) };
    MaybeUninit::uninit()
}

extern "C" fn realloc(block: usize, bytes: usize, new_bytes: usize) -> MaybeUninit<usize> {
    // SAFETY: a block that is out; no size here is 0.
    let block = unsafe { HEAP.realloc(with_exposed_provenance_mut(block), layout(bytes, WORD), new_bytes) };
    MaybeUninit::new(block.expose_provenance())
}

/// A block that is out, as the test knows it.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) address: usize,
    pub(crate) bytes: usize,
    pub(crate) align: usize,
}

/// A block if there is one, and the instructions of the call.
pub(crate) fn take(bytes: usize, align: usize) -> (Option<Block>, u32) {
    let (address, cost) = clock::count(alloc, align, bytes, 0);
    assert!(address % align == 0, "a block of {bytes} bytes at {address:#x}: its alignment is {align}");
    let block = Block { address, bytes, align };
    ((address != 0).then_some(block), cost)
}

/// The instructions of the call.
pub(crate) fn give(block: Block) -> u32 {
    clock::count(dealloc, block.address, block.align, block.bytes).1
}

/// The block with its new size, wherever it is then, and the instructions of the call.
pub(crate) fn resize(block: Block, bytes: usize) -> (Option<Block>, u32) {
    assert!(block.align == WORD);
    let (address, cost) = clock::count(realloc, block.address, block.bytes, bytes);
    ((address != 0).then_some(Block { address, bytes, ..block }), cost)
}

/// Size of the largest block that can be had now, to 8 bytes.
pub(crate) fn largest() -> usize {
    let fits = |&bytes: &usize| {
        let (block, _) = take(bytes, WORD);
        block.map(give).is_some()
    };
    (1..=MOST_BYTES / 8).rev().map(|eighth| eighth * 8).find(fits).unwrap_or(0)
}

/// What a block holds is the test's to write and to read.
pub(crate) fn contents(block: &mut Block) -> &mut [u8] {
    // SAFETY: the block is out, and its borrow is the borrow of its contents.
    unsafe { core::slice::from_raw_parts_mut(with_exposed_provenance_mut(block.address), block.bytes) }
}
