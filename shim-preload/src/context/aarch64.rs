//! Registers of a frame, by their numbers in tables for unwinding, and what the kernel tells a signal handler of the
//! interrupted thread: aarch64.

#![allow(unsafe_code, reason = "reads registers and the kernel's record")]

use core::arch::asm;
use core::ffi::c_void;

/// Registers that are followed: those of programs, and the place.
pub(crate) const COUNT: usize = 33;
pub(crate) const SP: usize = 31;
pub(crate) const PC: usize = 32;
pub(crate) type Registers = [usize; COUNT];

/// Words of `ucontext_t` before its registers, which stand there in the order of their numbers.
const REGISTERS: usize = 23;
/// Bits of a program's addresses; above them a return address may be signed.
const ADDRESS_BITS: u32 = 52;

/// Those of the interrupted thread.
pub(crate) fn registers(context: *const c_void) -> Registers {
    // SAFETY: behind the mask and the fault's address come 31 registers, the stack pointer, and the place.
    unsafe { context.cast::<usize>().wrapping_add(REGISTERS).cast::<Registers>().read() }
}

/// Those of the function into which this is inlined, as far as functions must leave them as they were.
#[inline(always)]
pub(crate) fn here() -> Registers {
    let mut saved = [0usize; COUNT];
    // SAFETY: reads registers, and writes the array.
    unsafe {
        asm!(
            "stp x19, x20, [{saved}, 19 * 8]",
            "stp x21, x22, [{saved}, 21 * 8]",
            "stp x23, x24, [{saved}, 23 * 8]",
            "stp x25, x26, [{saved}, 25 * 8]",
            "stp x27, x28, [{saved}, 27 * 8]",
            "stp x29, x30, [{saved}, 29 * 8]",
            "mov {place}, sp",
            "str {place}, [{saved}, 31 * 8]",
            "adr {place}, .",
            "str {place}, [{saved}, 32 * 8]",
            saved = in(reg) saved.as_mut_ptr(),
            place = out(reg) _,
            options(nostack, preserves_flags)
        );
    }
    saved
}

/// A return address as a place.
pub(crate) fn place_of(back: usize) -> usize {
    back & ((1 << ADDRESS_BITS) - 1)
}

/// What it did to the address of a page fault: told in an optional record, which nobody looks for.
pub(crate) fn access(_: *const c_void) -> &'static [u8] {
    b"use"
}
