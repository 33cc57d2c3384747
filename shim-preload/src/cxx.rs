//! C++: 8 operators new, 12 operators delete.
//!
//! A throwing form that finds no memory calls the new-handler until there is some or no handler, then
//! throws `bad_alloc`. Both may throw, and no Rust frame may be on the stack when they do: the loop is
//! assembler. Their addresses come from the C++ library through weak symbols; a program without one has
//! none to call.

#![allow(unsafe_code, reason = "exports C++ symbols")]

use core::ffi::c_void;

use hakmem_alloc::process::ALLOCATOR;
use hakmem_alloc::{current_front, slow};

use crate::errno::checked;
use crate::malloc::{free, malloc};
use crate::{foreign, pass_through};

/// malloc, or null; what the loops below call.
pub(crate) extern "C" fn take(size: usize, alignment: usize) -> *mut c_void {
    if alignment <= 16 && size > 8 {
        return malloc(size);
    }
    match pass_through::memalign(alignment, size) {
        Some(block) => block,
        None => checked(slow::take_aligned(size, alignment), b"operator new", size),
    }
}

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(".weak _ZSt15get_new_handlerv", ".weak _ZSt17__throw_bad_allocv");

/// The loop for `size` in rdi and `alignment` in rsi; at its end jumps to `{end}`'s code.
#[cfg(target_arch = "x86_64")]
macro_rules! loop_over_handlers {
    ($name:ident, $($end:literal),+ $(,)?) => {
        #[unsafe(naked)]
        pub(crate) extern "C" fn $name(size: usize, alignment: usize) -> *mut c_void {
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
                "mov rdi, rbx",
                "mov rsi, r12",
                "call {take}",
                "test rax, rax",
                "jnz 4f",
                "mov rax, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]",
                "test rax, rax",
                "jz 3f",
                "call rax",
                "test rax, rax",
                "jz 3f",
                "call rax",
                "jmp 2b",
                "4:",
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
                $($end,)+
                ".cfi_endproc",
                take = sym take,
            )
        }
    };
}

#[cfg(target_arch = "x86_64")]
loop_over_handlers!(
    take_or_throw,
    "mov rax, qword ptr [rip + _ZSt17__throw_bad_allocv@GOTPCREL]",
    "test rax, rax",
    "jz 5f",
    "call rax",
    "5:",
    "ud2",
);

#[cfg(not(target_arch = "x86_64"))]
mod without_handlers {
    use super::{c_void, take};

    unsafe extern "C" {
        fn abort() -> !;
    }

    pub(crate) extern "C" fn take_or_throw(size: usize, alignment: usize) -> *mut c_void {
        let block = take(size, alignment);
        if block.is_null() {
            // SAFETY: abort does not return.
            unsafe { abort() };
        }
        block
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use without_handlers::take_or_throw;

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block)+) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: $type),*) $(-> $result)? $body
    )+};
}

/// A reference that the nothrow forms get and hand on.
type NoThrow = *const c_void;

/// Operators that do what another function does, each at an address of its own: tools that put functions of theirs in
/// the place of ours tell `delete` from `free` by that.
macro_rules! same_as {
    ($to:path: $($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)+) => {$(
        $(#[$doc])*
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            core::arch::naked_asm!("jmp qword ptr [rip + {to}@GOTPCREL]", to = sym $to);
            #[cfg(target_arch = "aarch64")]
            core::arch::naked_asm!("b {to}", to = sym $to);
        }
    )+};
}

fn new(size: usize) -> *mut c_void {
    let block = ALLOCATOR.take(current_front::get(), size);
    if block.is_null() { take_or_throw(size, 1) } else { block.cast() }
}

fn new_or_null(size: usize, nothrow: NoThrow) -> *mut c_void {
    type New = extern "C" fn(usize, NoThrow) -> *mut c_void;
    let block = take(size, 1);
    if !block.is_null() {
        return block;
    }
    // Only the C++ library can catch what a handler throws: its form calls our throwing one.
    foreign::next::<New>(c"_ZnwmRKSt9nothrow_t").map_or(block, |new| new(size, nothrow))
}

fn aligned_or_null(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void {
    type New = extern "C" fn(usize, usize, NoThrow) -> *mut c_void;
    let block = take(size, alignment);
    if !block.is_null() {
        return block;
    }
    foreign::next::<New>(c"_ZnwmSt11align_val_tRKSt9nothrow_t").map_or(block, |new| new(size, alignment, nothrow))
}

operators! {
    /// `operator new(size)`
    _Znwm(size: usize) -> *mut c_void { new(size) }
    /// `operator new(size, nothrow)`
    _ZnwmRKSt9nothrow_t(size: usize, nothrow: NoThrow) -> *mut c_void { new_or_null(size, nothrow) }
    /// `operator new(size, alignment)`
    _ZnwmSt11align_val_t(size: usize, alignment: usize) -> *mut c_void { take_or_throw(size, alignment) }
    /// `operator new(size, alignment, nothrow)`
    _ZnwmSt11align_val_tRKSt9nothrow_t(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void {
        aligned_or_null(size, alignment, nothrow)
    }
}

same_as! {
    free:
    /// `operator delete(pointer)`
    _ZdlPv(pointer: *mut c_void);
    /// `operator delete[](pointer)`
    _ZdaPv(pointer: *mut c_void);
    /// `operator delete(pointer, nothrow)`
    _ZdlPvRKSt9nothrow_t(pointer: *mut c_void, _nothrow: NoThrow);
    /// `operator delete[](pointer, nothrow)`
    _ZdaPvRKSt9nothrow_t(pointer: *mut c_void, _nothrow: NoThrow);
    /// `operator delete(pointer, size)`
    _ZdlPvm(pointer: *mut c_void, _size: usize);
    /// `operator delete[](pointer, size)`
    _ZdaPvm(pointer: *mut c_void, _size: usize);
    /// `operator delete(pointer, alignment)`
    _ZdlPvSt11align_val_t(pointer: *mut c_void, _alignment: usize);
    /// `operator delete[](pointer, alignment)`
    _ZdaPvSt11align_val_t(pointer: *mut c_void, _alignment: usize);
    /// `operator delete(pointer, size, alignment)`
    _ZdlPvmSt11align_val_t(pointer: *mut c_void, _size: usize, _alignment: usize);
    /// `operator delete[](pointer, size, alignment)`
    _ZdaPvmSt11align_val_t(pointer: *mut c_void, _size: usize, _alignment: usize);
    /// `operator delete(pointer, alignment, nothrow)`
    _ZdlPvSt11align_val_tRKSt9nothrow_t(pointer: *mut c_void, _alignment: usize, _nothrow: NoThrow);
    /// `operator delete[](pointer, alignment, nothrow)`
    _ZdaPvSt11align_val_tRKSt9nothrow_t(pointer: *mut c_void, _alignment: usize, _nothrow: NoThrow);
}

same_as! {
    _Znwm:
    /// `operator new[](size)`
    _Znam(size: usize) -> *mut c_void;
}

same_as! {
    _ZnwmRKSt9nothrow_t:
    /// `operator new[](size, nothrow)`
    _ZnamRKSt9nothrow_t(size: usize, nothrow: NoThrow) -> *mut c_void;
}

same_as! {
    _ZnwmSt11align_val_t:
    /// `operator new[](size, alignment)`
    _ZnamSt11align_val_t(size: usize, alignment: usize) -> *mut c_void;
}

same_as! {
    _ZnwmSt11align_val_tRKSt9nothrow_t:
    /// `operator new[](size, alignment, nothrow)`
    _ZnamSt11align_val_tRKSt9nothrow_t(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void;
}
