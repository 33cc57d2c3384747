//! Valgrind: what a program under it can ask and tell, by instructions that do nothing elsewhere.
//!
//! A request is a number and up to five arguments, in six words. Whoever does not know a number, the processor
//! itself included, leaves the default as the answer; so a request meant for one tool may be said to all. The numbers
//! are those of valgrind.h, memcheck.h, helgrind.h and drd.h.

#![allow(unsafe_code, reason = "requests are sequences of instructions")]

use core::arch::asm;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const MALLOCLIKE_BLOCK: usize = 0x1301;
const FREELIKE_BLOCK: usize = 0x1302;
const CHANGE_ERR_DISABLEMENT: usize = 0x1801;
const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
const MAKE_MEM_NOACCESS: usize = MEMCHECK;
const GET_VBITS: usize = MEMCHECK + 8;
/// DRD's number too.
const CLEAN_MEMORY: usize = HELGRIND;
const HELGRIND: usize = (b'H' as usize) << 24 | (b'G' as usize) << 16;
const ARANGE_MAKE_UNTRACKED: usize = HELGRIND + 256 + 39;
const GET_ABITS: usize = HELGRIND + 256 + 46;
const DRD: usize = (b'D' as usize) << 24 | (b'R' as usize) << 16;
const GET_DRD_THREAD_ID: usize = DRD + 1;
const START_SUPPRESSION: usize = DRD + 2;
const FINISH_SUPPRESSION: usize = DRD + 3;

/// The answer to a request; `default` if nobody knows it.
#[cfg(target_arch = "x86_64")]
fn ask(default: usize, request: [usize; 4]) -> usize {
    let [number, first, second, third] = request;
    let words = [number, first, second, third, 0, 0];
    let mut answer = default;
    // SAFETY: four rotations by 128 bits in all, and an exchange of a register with itself.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") words.as_ptr(),
            inout("rdx") answer,
            options(nostack)
        );
    }
    answer
}

/// The answer to a request; `default` if nobody knows it.
#[cfg(target_arch = "aarch64")]
fn ask(default: usize, request: [usize; 4]) -> usize {
    let [number, first, second, third] = request;
    let words = [number, first, second, third, 0, 0];
    let mut answer = default;
    // SAFETY: four rotations by 128 bits in all, and a register's union with itself.
    unsafe {
        asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            inout("x3") answer,
            in("x4") words.as_ptr(),
            options(nostack)
        );
    }
    answer
}

#[inline(never)]
fn tell(request: usize, start: *const u8, second: usize, third: usize) {
    ask(0, [request, start.addr(), second, third]);
}

/// True in a process that valgrind runs, whichever of its tools.
pub fn is_there() -> bool {
    ask(0, [RUNNING_ON_VALGRIND, 0, 0, 0]) != 0
}

/// True under memcheck, helgrind and DRD, which judge what a program does with its memory. The tools that measure
/// are told nothing: what they are to measure is the program as it is.
pub(crate) fn judges() -> bool {
    let (byte, mut bits) = (0u8, 0u8);
    let (byte, bits) = (&raw const byte, &raw mut bits);
    is_there()
        && (ask(0, [GET_VBITS, byte.addr(), bits.expose_provenance(), 1]) != 0
            || ask(usize::MAX, [GET_ABITS, byte.addr(), bits.expose_provenance(), 1]) != usize::MAX
            || ask(0, [GET_DRD_THREAD_ID, 0, 0, 0]) != 0)
}

/// The client has a block of `bytes` now, of which it knows nothing, of `room` that are no other's.
pub(crate) fn take(block: *const u8, bytes: usize, room: usize) {
    tell(CLEAN_MEMORY, block, room, 0);
    tell(MALLOCLIKE_BLOCK, block, bytes, 0);
    untrack(block.wrapping_add(bytes), room.saturating_sub(bytes));
}

/// The client's block is gone. That there is none is for memcheck to say.
pub(crate) fn give(block: *const u8) {
    tell(FREELIKE_BLOCK, block, 0, 0);
}

/// Nobody reads or writes there until a block is handed out, or looks there for pointers to blocks.
pub(crate) fn hide(start: *const u8, bytes: usize) {
    tell(MAKE_MEM_NOACCESS, start, bytes, 0);
    untrack(start, bytes);
}

/// Threads meet here as they please.
pub(crate) fn untrack(start: *const u8, bytes: usize) {
    tell(ARANGE_MAKE_UNTRACKED, start, bytes, 0);
    tell(START_SUPPRESSION, start, bytes, 0);
}

/// The addresses go back to the system: whoever gets them next is watched as anybody.
pub(crate) fn forget(start: *const u8, bytes: usize) {
    tell(FINISH_SUPPRESSION, start, bytes, 0);
}

/// Memcheck says nothing of what the calling thread does from here on.
#[cold]
#[inline(never)]
pub(crate) fn look_away() {
    ask(0, [CHANGE_ERR_DISABLEMENT, 1, 0, 0]);
}

/// It does again.
#[cold]
#[inline(never)]
pub(crate) fn look_again() {
    ask(0, [CHANGE_ERR_DISABLEMENT, usize::MAX, 0, 0]);
}
