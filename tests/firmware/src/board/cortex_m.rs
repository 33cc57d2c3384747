//! Cortex-M: start-up code by cortex-m-rt, ticks by SysTick, the rest by semihosting.

#![allow(unsafe_code, reason = "calls the debugger, and writes to the processor's registers")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;

// Its critical section.
use cortex_m as _;

pub use super::semihosting::{exit, with_last_word, write};

/// Control and status, then what to count from, then the count.
const SYSTICK: usize = 0xE000_E010;
/// On, with an interrupt, at the processor's clock.
const ON: u32 = 7;
/// Of 25 MHz on the MPS2 boards.
const CYCLES: u32 = 12_500;

/// Nothing: cortex-m-rt has done it.
pub fn start() {}

/// Asks the debugger.
///
/// # Safety
///
/// The argument is what the service wants.
pub(super) unsafe fn call(service: usize, argument: usize) -> usize {
    let answer;
    // SAFETY: the caller's promise.
    unsafe { asm!("bkpt 0xAB", inout("r0") service => answer, in("r1") argument, options(nostack)) };
    answer
}

fn set_register(number: usize, value: u32) {
    // SAFETY: SysTick is nobody else's.
    unsafe { with_exposed_provenance_mut::<u32>(SYSTICK).add(number).write_volatile(value) };
}

/// See [`super`].
pub fn start_ticks() {
    set_register(1, CYCLES);
    set_register(2, 0);
    set_register(0, ON);
}

/// See [`super`].
pub fn stop_ticks() {
    set_register(0, 0);
}

#[cortex_m_rt::exception]
fn SysTick() {
    crate::ticks::tick();
}

/// # Safety
///
/// Called by the processor alone.
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    panic!("a hard fault at {:#x}", frame.pc());
}
