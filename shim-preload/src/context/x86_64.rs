//! What the kernel tells a signal handler of the interrupted thread: x86_64.

#![allow(unsafe_code, reason = "reads the kernel's record")]

use core::ffi::c_void;

/// Words of `ucontext_t` before its registers, and the numbers of two of them.
const REGISTERS: usize = 5;
const RIP: usize = 16;
const ERR: usize = 19;

fn register(context: *const c_void, number: usize) -> usize {
    // SAFETY: the kernel's record has 23 registers there.
    unsafe { context.cast::<usize>().wrapping_add(REGISTERS + number).read() }
}

/// Where it was.
pub(crate) fn place(context: *const c_void) -> usize {
    register(context, RIP)
}

/// What it did to the address of a page fault.
pub(crate) fn access(context: *const c_void) -> &'static [u8] {
    match register(context, ERR) {
        error if error & 16 != 0 => b"call",
        error if error & 2 != 0 => b"write",
        _ => b"read",
    }
}
