//! A PC, as QEMU plays it: no start-up code, no runtime but ours.

#![allow(unsafe_code, reason = "talks to devices")]

mod boot;
pub mod frames;
mod interrupts;
pub mod pages;
pub mod paging;
mod port;

use core::ffi::CStr;
use core::hint::spin_loop;
use core::ptr::with_exposed_provenance;

pub use interrupts::{in_interrupt, start, start_ticks, stop_ticks};

const SERIAL: u16 = 0x3F8;
const SERIAL_STATUS: u16 = 0x3FD;
const SERIAL_READY: u8 = 1 << 5;

/// QEMU's `isa-debug-exit`: ends with twice the value, plus 1.
const DEBUG_EXIT: u16 = 0xF4;

/// Prints.
pub fn write(text: &[u8]) {
    for &byte in text {
        // SAFETY: the serial line is ours.
        unsafe {
            while port::read(SERIAL_STATUS) & SERIAL_READY == 0 {
                spin_loop();
            }
            port::write(SERIAL, byte);
        }
    }
}

/// Calls back with the last word of the command line.
pub fn with_last_word<T>(closure: impl FnOnce(&str) -> T) -> T {
    let line = with_exposed_provenance(boot::command_line());
    // SAFETY: the loader has put a string there.
    let text = unsafe { CStr::from_ptr(line) }.to_str().unwrap_or_default();
    closure(text.split(' ').next_back().unwrap_or_default())
}

/// Ends QEMU: with 33 for success, 35 for failure.
pub fn exit(passed: bool) -> ! {
    loop {
        // SAFETY: the device is ours.
        unsafe { port::write(DEBUG_EXIT, if passed { 16 } else { 17 }) };
    }
}
