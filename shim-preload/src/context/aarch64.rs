//! What the kernel tells a signal handler of the interrupted thread: aarch64.

#![allow(unsafe_code, reason = "reads the kernel's record")]

use core::ffi::c_void;

/// Words of `ucontext_t` before the program counter.
const PC: usize = 55;

/// Where it was.
pub(crate) fn place(context: *const c_void) -> usize {
    // SAFETY: behind the mask come the fault's address, 31 registers, the stack pointer, and this.
    unsafe { context.cast::<usize>().wrapping_add(PC).read() }
}

/// What it did to the address of a page fault: told in an optional record, which nobody looks for.
pub(crate) fn access(_: *const c_void) -> &'static [u8] {
    b"use"
}
