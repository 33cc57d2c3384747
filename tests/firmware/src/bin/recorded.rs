//! A program that records what it does with its heap.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry's name is what the start-up code calls")]

use hakmem_core::region::Tiny;
use hakmem_firmware::checks::program;
use hakmem_firmware::recording::{self, Recording, Session};

#[global_allocator]
static RECORDER: Recording<Tiny> = Recording::new();

// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    recording::main(Session { recorder: &RECORDER, profile: "tiny", besides: program::run })
}
