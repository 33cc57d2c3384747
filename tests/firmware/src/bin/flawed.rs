//! The same with a bug in the heap: it breaks, sooner or later, and its trace tells where the bug is.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry's name is what the start-up code calls")]

use hakmem_core::region::Tiny;
use hakmem_firmware::recording::{self, Recording, Session};
use hakmem_replay::Flawed;

#[global_allocator]
static RECORDER: Recording<Flawed<Tiny>> = Recording::new();

// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    recording::main(Session { recorder: &RECORDER, profile: "flawed", besides: |_| () })
}
