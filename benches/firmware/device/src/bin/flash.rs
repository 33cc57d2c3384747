//! The least firmware with an allocator: it is built, not run. What it is larger than with the contender `null` is what
//! the allocator costs.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::alloc::{alloc, dealloc, realloc};
use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::hint::black_box;
use core::mem::MaybeUninit;

use firmware_device::ARENA_BYTES;
use firmware_device::contender::{Chosen, Contender};

#[global_allocator]
static HEAP: Chosen = Chosen::EMPTY;

const REALLOC: bool = cfg!(feature = "realloc");

#[repr(align(16))]
struct Arena(UnsafeCell<MaybeUninit<[u8; ARENA_BYTES]>>);

// SAFETY: the heap's alone.
unsafe impl Sync for Arena {}

// A section of its own: so `.bss` holds the allocator's memory and no padding.
#[unsafe(link_section = ".uninit.ARENA")]
static ARENA: Arena = Arena(UnsafeCell::new(MaybeUninit::uninit()));

#[cortex_m_rt::entry]
fn main() -> ! {
    // SAFETY: nobody else uses the arena.
    unsafe { HEAP.adopt(ARENA.0.get().cast(), ARENA_BYTES) };
    loop {
        // Sizes and alignments that the compiler does not know.
        // SAFETY: an alignment of 4.
        let layout = unsafe { Layout::from_size_align_unchecked(black_box(20), black_box(4)) };
        // SAFETY: a size other than 0; a block that is there is given back once, with its size.
        unsafe {
            let mut block = black_box(alloc(layout));
            if REALLOC && !block.is_null() {
                block = black_box(realloc(block, layout, black_box(20)));
            }
            if !block.is_null() {
                dealloc(block, layout);
            }
        }
    }
}

#[cfg(feature = "proof")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn a_panic_is_linked() -> !;
    }
    // SAFETY: never reached: with a call from here the program does not link.
    unsafe { a_panic_is_linked() }
}

#[cfg(not(feature = "proof"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
