//! Instructions, by SysTick: under QEMU's `-icount shift=7` each takes 128 ns, which is 3.2 ticks of 40 ns.

use core::arch::global_asm;
use core::mem::MaybeUninit;

const CONTROL: *mut u32 = 0xE000_E010 as *mut u32;
const RELOAD: *mut u32 = 0xE000_E014 as *mut u32;
const NOW: *mut u32 = 0xE000_E018 as *mut u32;
const COUNT_PROCESSOR_CLOCK: u32 = 5;
/// The counter has 24 bits and counts down.
const MOST: u32 = 0xFF_FFFF;

// Calls r3 with r0 to r2; answers with what it returns in r0, and the ticks in r1.
global_asm!(
    ".pushsection .text.call_and_count, \"ax\", %progbits",
    ".global call_and_count",
    ".type call_and_count, %function",
    ".thumb_func",
    ".balign 4",
    "call_and_count:",
    "push {{r4, r5, r6, lr}}",
    "ldr r4, 1f",
    "ldr r5, [r4]",
    "blx r3",
    "ldr r1, [r4]",
    "subs r1, r5, r1",
    "pop {{r4, r5, r6, pc}}",
    ".balign 4",
    "1: .word 0xE000E018",
    ".size call_and_count, . - call_and_count",
    ".global return_at_once",
    ".type return_at_once, %function",
    ".thumb_func",
    "return_at_once:",
    "bx lr",
    ".size return_at_once, . - return_at_once",
    ".global sixty_four_more",
    ".type sixty_four_more, %function",
    ".thumb_func",
    "sixty_four_more:",
    ".rept 64",
    "nop",
    ".endr",
    "bx lr",
    ".size sixty_four_more, . - sixty_four_more",
    ".popsection",
);

/// A function that is counted. It may leave its answer out.
pub(crate) type Counted = extern "C" fn(usize, usize, usize) -> MaybeUninit<usize>;

unsafe extern "C" {
    fn call_and_count(first: usize, second: usize, third: usize, function: Counted) -> u64;
    safe fn return_at_once(first: usize, second: usize, third: usize) -> MaybeUninit<usize>;
    safe fn sixty_four_more(first: usize, second: usize, third: usize) -> MaybeUninit<usize>;
}

/// Load, call, return.
const AROUND: u32 = 3;

/// Starts the clock, and does not go on if it is wrong.
pub(crate) fn start() {
    // SAFETY: registers that every Cortex-M has.
    unsafe {
        RELOAD.write_volatile(MOST);
        NOW.write_volatile(0);
        CONTROL.write_volatile(COUNT_PROCESSOR_CLOCK);
    }
    for _ in 0..1000 {
        let counted = (count(return_at_once, 0, 0, 0).1, count(sixty_four_more, 0, 0, 0).1);
        assert!(counted == (0, 64), "the clock counts {counted:?} for (0, 64): is it -icount shift=7?");
    }
}

/// What the function answers, if it does, and its instructions: from its first one to its return, which is not counted.
pub(crate) fn count(function: Counted, first: usize, second: usize, third: usize) -> (usize, u32) {
    // SAFETY: that is how it is to be called.
    let answer = unsafe { call_and_count(first, second, third, function) };
    let ticks = (answer >> 32) as u32 & MOST;
    (answer as usize, ((ticks * 5 + 8) / 16).wrapping_sub(AROUND))
}
