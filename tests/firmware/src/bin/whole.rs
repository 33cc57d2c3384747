//! The checks of the whole core, by a program whose allocator it is.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry's name is what the start-up code calls")]

use hakmem_firmware::whole::{self, Kernel};

#[global_allocator]
static KERNEL: Kernel = Kernel::new();

// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    whole::main(&KERNEL)
}
