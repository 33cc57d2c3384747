//! Exceptions and the timer's interrupt: the table, the ways in and out, the two old controllers, and the critical
//! section.

#![allow(unsafe_code, reason = "sets the processor's tables and flags, and talks to devices")]

use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use super::{paging, port};

const PAGE_FAULT: usize = 14;
/// The first vector that is no exception; the timer's.
const TIMER: usize = 32;

/// Of the timer's 1.19 MHz.
const CYCLES: u16 = 596;

// A stub saves what a Rust function may change: nothing else runs in between, and there are no floating-point
// registers in use. At the call the stack is a multiple of 16.
global_asm!(
    r#"
    .macro save
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    cld
    .endm
    .macro restore
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    .endm

timer_stub:
    save
    call {timer}
    restore
    iretq

page_fault_stub:
    save
    mov rdi, cr2
    mov rsi, [rsp + 72]
    mov rdx, [rsp + 80]
    sub rsp, 8
    call {page_fault}
    add rsp, 8
    restore
    add rsp, 8
    iretq

exception_stub:
    mov rdi, [rsp]
    mov rsi, [rsp + 8]
    and rsp, -16
    call {exception}

ignore_stub:
    iretq
"#,
    timer = sym timer,
    page_fault = sym page_fault,
    exception = sym exception
);

unsafe extern "C" {
    fn timer_stub();
    fn page_fault_stub();
    fn exception_stub();
    fn ignore_stub();
}

/// An entry of the processor's table, in two words.
type Gate = [u64; 2];

#[repr(align(16))]
struct Gates(UnsafeCell<[Gate; 256]>);

// SAFETY: written by `start` alone, before the processor is told of it.
unsafe impl Sync for Gates {}

static GATES: Gates = Gates(UnsafeCell::new([[0; 2]; 256]));

/// To a stub, with interrupts off.
fn gate(stub: unsafe extern "C" fn()) -> Gate {
    let address = stub as usize as u64;
    [address & 0xFFFF | 8 << 16 | 0x8E << 40 | (address >> 16 & 0xFFFF) << 48, address >> 32]
}

/// Exceptions are served from now on.
pub fn start() {
    let gates = core::array::from_fn(|vector| match vector {
        PAGE_FAULT => gate(page_fault_stub),
        TIMER => gate(timer_stub),
        0..TIMER => gate(exception_stub),
        _ => gate(ignore_stub),
    });
    let place = GATES.0.get();
    // SAFETY: nobody uses it yet.
    unsafe { place.write(gates) };
    let mut operand = [0u8; 10];
    operand[..2].copy_from_slice(&(size_of::<Gates>() as u16 - 1).to_le_bytes());
    operand[2..].copy_from_slice(&place.expose_provenance().to_le_bytes());
    // SAFETY: a table of gates to stubs that save what they must.
    unsafe { asm!("lidt [{}]", in(reg) operand.as_ptr(), options(nostack)) };
}

static IS_IN_INTERRUPT: AtomicBool = AtomicBool::new(false);

/// True for who was called by the timer.
pub fn in_interrupt() -> bool {
    IS_IN_INTERRUPT.load(Ordering::Relaxed)
}

extern "C" fn timer() {
    IS_IN_INTERRUPT.store(true, Ordering::Relaxed);
    crate::ticks::tick();
    IS_IN_INTERRUPT.store(false, Ordering::Relaxed);
    // SAFETY: tells the controller that its interrupt was served.
    unsafe { port::write(0x20, 0x20) };
}

extern "C" fn page_fault(address: usize, code: usize, at: usize) {
    assert!(paging::touch(address), "the instruction at {at:#x} touches {address:#x} (code {code})");
}

extern "C" fn exception(first: usize, second: usize) -> ! {
    panic!("an exception; on the stack {first:#x}, {second:#x}");
}

/// See [`super::super`].
pub fn start_ticks() {
    // The interrupts of the two controllers begin at `TIMER`; all but the timer's are off. The timer strikes again
    // and again.
    let settings = [
        (0x20, 0x11),
        (0xA0, 0x11),
        (0x21, TIMER as u8),
        (0xA1, TIMER as u8 + 8),
        (0x21, 4),
        (0xA1, 2),
        (0x21, 1),
        (0xA1, 1),
        (0xA1, 0xFF),
        (0x43, 0x34),
        (0x40, CYCLES as u8),
        (0x40, (CYCLES >> 8) as u8),
        (0x21, 0xFE),
    ];
    // SAFETY: the controllers and the timer are ours; no critical section is open.
    unsafe {
        settings.into_iter().for_each(|(port, value)| port::write(port, value));
        asm!("sti", options(nostack));
    }
}

/// See [`super::super`].
pub fn stop_ticks() {
    // SAFETY: as above.
    unsafe { port::write(0x21, 0xFF) };
}

struct InterruptsOff;

critical_section::set_impl!(InterruptsOff);

const INTERRUPTS_ON: u64 = 1 << 9;

// SAFETY: one processor, whose interrupts are off in between.
unsafe impl critical_section::Impl for InterruptsOff {
    unsafe fn acquire() -> bool {
        let flags: u64;
        // SAFETY: the caller calls `release`.
        unsafe { asm!("pushfq", "pop {}", "cli", out(reg) flags) };
        flags & INTERRUPTS_ON != 0
    }

    unsafe fn release(were_on: bool) {
        if were_on {
            // SAFETY: as `acquire` found them.
            unsafe { asm!("sti", options(nostack)) };
        }
    }
}
