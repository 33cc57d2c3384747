//! What the operators new do with memory that is not at hand: they ask, and if there is none call the new-handler until
//! there is some or no handler, then throw `bad_alloc`.
//!
//! Both may throw, and no Rust frame may be on the stack when they do: the loop is assembler. Their addresses come from
//! the C++ library through weak symbols; a program without one has none to call. malloc and `aligned_alloc` are called
//! by name, as the C++ library calls them: who goes before us sees the calls.

#![allow(unsafe_code, reason = "calls the C++ library")]

use core::ffi::c_void;
use core::num::NonZero;

use crate::aligned::{self, aligned_alloc};
use crate::foreign;
use crate::malloc::malloc;

/// A reference that the nothrow forms get and hand on.
pub(crate) type NoThrow = *const c_void;

/// No alignment beyond malloc's own.
const PLAIN: usize = 0;

/// malloc or `aligned_alloc`, or null; what the loop below calls.
pub(crate) extern "C" fn take(size: usize, alignment: usize) -> *mut c_void {
    if alignment == PLAIN { malloc(size) } else { aligned_alloc(alignment, size) }
}

core::arch::global_asm!(".weak _ZSt15get_new_handlerv", ".weak _ZSt17__throw_bad_allocv");

/// An address in the process's C++ library, if it has one.
pub(crate) fn library() -> Option<NonZero<usize>> {
    let address: usize;
    // SAFETY: reads what the loader has put there: null if nobody defines the symbol.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("mov {}, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]", out(reg) address);
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!(
            "adrp {0}, :got:_ZSt15get_new_handlerv",
            "ldr {0}, [{0}, :got_lo12:_ZSt15get_new_handlerv]",
            out(reg) address,
        );
    }
    NonZero::new(address)
}

/// There was no memory: calls the handler and asks again, as long as there is a handler.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) extern "C" fn ask_again(size: usize, alignment: usize) -> *mut c_void {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbx, 0",
        "push r12",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r12, 0",
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 8",
        "mov rbx, rdi",
        "mov r12, rsi",
        "2:",
        "mov rax, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]",
        "test rax, rax",
        "jz 3f",
        "call rax",
        "test rax, rax",
        "jz 3f",
        "call rax",
        "mov rdi, rbx",
        "mov rsi, r12",
        "call {take}",
        "test rax, rax",
        "jz 2b",
        "add rsp, 8",
        ".cfi_remember_state",
        ".cfi_adjust_cfa_offset -8",
        "pop r12",
        ".cfi_adjust_cfa_offset -8",
        "pop rbx",
        ".cfi_adjust_cfa_offset -8",
        "ret",
        ".cfi_restore_state",
        "3:",
        "mov rax, qword ptr [rip + _ZSt17__throw_bad_allocv@GOTPCREL]",
        "test rax, rax",
        "jz 4f",
        "call rax",
        "4:",
        "ud2",
        ".cfi_endproc",
        take = sym take,
    )
}

/// There was no memory, and nobody who could catch what is thrown is known: the process ends.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) extern "C" fn ask_again(_size: usize, _alignment: usize) -> *mut c_void {
    unsafe extern "C" {
        fn abort() -> !;
    }
    // SAFETY: abort does not return.
    unsafe { abort() }
}

/// `operator new(size)` where no block is at hand.
pub(crate) extern "C" fn new(size: usize) -> *mut c_void {
    let block = malloc(size);
    if block.is_null() { ask_again(size, PLAIN) } else { block }
}

/// `operator new(size, nothrow)`
pub(crate) extern "C" fn new_or_null(size: usize, nothrow: NoThrow) -> *mut c_void {
    type New = extern "C" fn(usize, NoThrow) -> *mut c_void;
    let block = malloc(size);
    if !block.is_null() {
        return block;
    }
    // Only the C++ library can catch what a handler throws: its form calls our throwing one.
    foreign::next::<New>(c"_ZnwmRKSt9nothrow_t").map_or(block, |new| new(size, nothrow))
}

/// `operator new(size, alignment)`
pub(crate) extern "C" fn new_aligned(size: usize, alignment: usize) -> *mut c_void {
    let block = aligned_alloc(alignment, size);
    if block.is_null() { ask_again(size, alignment) } else { block }
}

/// The same where nobody goes before us; the alignment is a power of two.
pub(crate) extern "C" fn new_aligned_here(size: usize, alignment: usize) -> *mut c_void {
    let block = aligned::take_inline(b"operator new", alignment, size);
    if block.is_null() { ask_again(size, alignment) } else { block }
}

/// `operator new(size, alignment, nothrow)`
pub(crate) extern "C" fn new_aligned_or_null(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void {
    given_up(aligned_alloc(alignment, size), size, alignment, nothrow)
}

/// The same where nobody goes before us; the alignment is a power of two.
pub(crate) extern "C" fn new_aligned_or_null_here(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void {
    given_up(aligned::take_inline(b"operator new", alignment, size), size, alignment, nothrow)
}

/// The block, or what the C++ library's own form says.
#[inline(always)]
fn given_up(block: *mut c_void, size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void {
    type New = extern "C" fn(usize, usize, NoThrow) -> *mut c_void;
    if !block.is_null() {
        return block;
    }
    foreign::next::<New>(c"_ZnwmSt11align_val_tRKSt9nothrow_t").map_or(block, |new| new(size, alignment, nothrow))
}
