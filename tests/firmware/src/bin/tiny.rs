//! The checks, by a program whose allocator is a tiny heap.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry's name is what the start-up code calls")]

use hakmem_core::region::{Heap, Tiny};
use hakmem_firmware::board::sizes::HEAP_BYTES;

#[global_allocator]
static HEAP: Heap<Tiny> = Heap::empty();

// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    hakmem_firmware::main(&HEAP, hakmem_core::heap!(HEAP, HEAP_BYTES))
}
