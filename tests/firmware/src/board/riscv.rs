//! RISC-V, QEMU's virt: start-up code by riscv-rt, ticks by the CLINT's timer, the rest by semihosting.

#![allow(unsafe_code, reason = "calls the debugger, and writes to the timer's registers")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;

use riscv::register::mie;

pub use super::semihosting::{exit, with_last_word, write};

/// When the timer is to strike, in two halves.
const COMPARE: usize = 0x0200_4000;
/// What time it is, in two halves, at 10 MHz.
const TIME: usize = 0x0200_BFF8;
/// Between two ticks.
const CYCLES: u64 = 5_000;

/// Nothing: riscv-rt has done it.
pub fn start() {}

/// Asks the debugger.
///
/// # Safety
///
/// The argument is what the service wants.
#[inline(never)]
pub(super) unsafe fn call(service: usize, argument: usize) -> usize {
    let answer;
    // SAFETY: the caller's promise. The three instructions together are the sign for a debugger, and are not to be
    // compressed, nor to lie on two pages.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") service => answer,
            in("a1") argument,
            options(nostack)
        );
    }
    answer
}

fn half(register: usize, number: usize) -> *mut u32 {
    with_exposed_provenance_mut::<u32>(register).wrapping_add(number)
}

fn time() -> u64 {
    // SAFETY: the clock's register.
    let read = |number| u64::from(unsafe { half(TIME, number).read_volatile() });
    loop {
        let (high, low) = (read(1), read(0));
        if high == read(1) {
            return high << 32 | low;
        }
    }
}

fn set_timer() {
    let at = time() + CYCLES;
    for (number, value) in [(1, u32::MAX), (0, at as u32), (1, (at >> 32) as u32)] {
        // SAFETY: the timer is nobody else's. It never stands at a time that has passed.
        unsafe { half(COMPARE, number).write_volatile(value) };
    }
}

/// See [`super`].
pub fn start_ticks() {
    set_timer();
    // SAFETY: no critical section is open.
    unsafe {
        mie::set_mtimer();
        riscv::interrupt::enable();
    }
}

/// See [`super`].
pub fn stop_ticks() {
    // SAFETY: nobody waits for it.
    unsafe { mie::clear_mtimer() };
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn machine_timer() {
    set_timer();
    crate::ticks::tick();
}

/// Every trap that is no interrupt.
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn ExceptionHandler(_: &riscv_rt::TrapFrame) -> ! {
    panic!("trap {} at {:#x}", riscv::register::mcause::read().code(), riscv::register::mepc::read());
}
