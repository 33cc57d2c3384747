//! Registers of a frame, by their numbers in tables for unwinding, and what the kernel tells a signal handler of the
//! interrupted thread: x86_64.

#![allow(unsafe_code, reason = "reads registers and the kernel's record")]

use core::arch::asm;
use core::ffi::c_void;

/// Registers that are followed: those of programs, and the place.
pub(crate) const COUNT: usize = 17;
pub(crate) const SP: usize = 7;
pub(crate) const PC: usize = 16;
pub(crate) type Registers = [usize; COUNT];

/// Words of `ucontext_t` before its registers, where it has each that is followed, and one more.
const REGISTERS: usize = 5;
const ORDER: [usize; COUNT] = [13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16];
const ERR: usize = 19;

fn register(context: *const c_void, number: usize) -> usize {
    // SAFETY: the kernel's record has 23 registers there.
    unsafe { context.cast::<usize>().wrapping_add(REGISTERS + number).read() }
}

/// Those of the interrupted thread.
pub(crate) fn registers(context: *const c_void) -> Registers {
    ORDER.map(|number| register(context, number))
}

/// Those of the function into which this is inlined, as far as functions must leave them as they were.
#[inline(always)]
pub(crate) fn here() -> Registers {
    let mut saved = [0usize; COUNT];
    // SAFETY: reads registers, and writes the array.
    unsafe {
        asm!(
            "mov [{saved} + 3 * 8], rbx",
            "mov [{saved} + 6 * 8], rbp",
            "mov [{saved} + 7 * 8], rsp",
            "mov [{saved} + 12 * 8], r12",
            "mov [{saved} + 13 * 8], r13",
            "mov [{saved} + 14 * 8], r14",
            "mov [{saved} + 15 * 8], r15",
            "lea {place}, [rip]",
            "mov [{saved} + 16 * 8], {place}",
            saved = in(reg) saved.as_mut_ptr(),
            place = out(reg) _,
            options(nostack, preserves_flags)
        );
    }
    saved
}

/// A return address as a place.
pub(crate) fn place_of(back: usize) -> usize {
    back
}

/// What it did to the address of a page fault.
pub(crate) fn access(context: *const c_void) -> &'static [u8] {
    match register(context, ERR) {
        error if error & 16 != 0 => b"call",
        error if error & 2 != 0 => b"write",
        _ => b"read",
    }
}
