//! malloc, free and their nearest kin.

#![allow(unsafe_code, reason = "exports C symbols")]

use core::ffi::c_void;
use core::ptr;

use hakmem_alloc::process::{self, ALLOCATOR};
use hakmem_alloc::{current_front, slow};
use hakmem_core::config::geometry::SMALL_MAX;
use hakmem_core::{Fault, FaultKind};

use crate::errno::{checked, out_of_memory};
use crate::{foreign, pass_through, traces};

/// Says what was misused, unless the block has another owner, who then gets it.
#[cold]
pub(crate) fn faulty(operation: &[u8], fault: Fault) {
    let on_a_stack = fault.kind == FaultKind::Foreign && foreign::is_on_a_stack(fault.address);
    let words = if on_a_stack { "invalid free: stack address" } else { fault.kind.words() };
    process::say(operation, words.as_bytes(), fault);
    traces::print_after_fault(fault.address);
    process::stop();
}

/// `size` bytes at a multiple of 16 (of 8 where `size` ≤ 8); null and ENOMEM if memory is out.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut c_void {
    if size <= SMALL_MAX {
        let (class, block) = current_front::pop_small(size);
        if !block.is_null() {
            // SAFETY: popped just now.
            unsafe { ALLOCATOR.hand_out(class, block) };
            return block.cast();
        }
    }
    malloc_medium(size)
}

#[inline(never)]
pub(crate) extern "C" fn malloc_medium(size: usize) -> *mut c_void {
    let block = ALLOCATOR.take_medium(current_front::get(), size);
    if !block.is_null() {
        return block.cast();
    }
    malloc_slow(size)
}

#[cold]
#[inline(never)]
pub(crate) extern "C" fn malloc_slow(size: usize) -> *mut c_void {
    // A closure would have a frame of its own: `doors` knows this one.
    match pass_through::malloc(size) {
        Some(block) => block,
        None => checked(slow::take(size), b"malloc", size),
    }
}

/// Takes a block back; null is nothing. errno stays as it is.
#[unsafe(no_mangle)]
pub extern "C" fn free(pointer: *mut c_void) {
    if !current_front::push(pointer.cast()) {
        free_packed(pointer);
    }
}

#[inline(never)]
pub(crate) extern "C" fn free_packed(pointer: *mut c_void) {
    if !ALLOCATOR.give_packed(current_front::get(), pointer.cast()) {
        free_slow(pointer);
    }
}

#[cold]
#[inline(never)]
pub(crate) extern "C" fn free_slow(pointer: *mut c_void) {
    if !pass_through::free(pointer)
        && let Err(fault) = slow::give(pointer.cast())
        && !(fault.kind == FaultKind::Foreign && foreign::free(pointer))
    {
        faulty(b"free", fault);
    }
}

/// `count` times `size` bytes of zeros; null and ENOMEM if that overflows or memory is out.
#[unsafe(no_mangle)]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        Some(bytes) => take_zeroed(bytes),
        None => out_of_memory(),
    }
}

fn take_zeroed(bytes: usize) -> *mut c_void {
    let block = ALLOCATOR.take(current_front::get(), bytes);
    if !block.is_null() {
        // SAFETY: the block is ours to hand out and that long.
        unsafe { block.write_bytes(0, bytes) };
        return block.cast();
    }
    match pass_through::calloc(bytes) {
        Some(block) => block,
        None => checked(slow::take_zeroed(bytes), b"calloc", bytes),
    }
}

/// A block of `size` bytes with the old one's contents. Null makes a new block; size 0 frees the old one
/// and returns null, as the GNU C library does. On failure the old block stays.
#[unsafe(no_mangle)]
pub extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    if pointer.is_null() {
        return malloc(size);
    }
    if size == 0 {
        free(pointer);
        return ptr::null_mut();
    }
    if let Some(block) = pass_through::realloc(pointer, size) {
        return block;
    }
    match slow::resize(pointer.cast(), size) {
        Ok(block) => checked(block, b"realloc", size),
        Err(fault) => realloc_faulty(pointer, size, fault),
    }
}

#[cold]
fn realloc_faulty(pointer: *mut c_void, size: usize, fault: Fault) -> *mut c_void {
    if fault.kind == FaultKind::Foreign
        && let Some(block) = foreign::realloc(pointer, size)
    {
        return block;
    }
    faulty(b"realloc", fault);
    out_of_memory()
}

/// realloc of `count` times `size` bytes; null and ENOMEM if that overflows.
#[unsafe(no_mangle)]
pub extern "C" fn reallocarray(pointer: *mut c_void, count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        Some(bytes) => realloc(pointer, bytes),
        None => out_of_memory(),
    }
}

/// free, as it was once called.
#[unsafe(no_mangle)]
pub extern "C" fn cfree(pointer: *mut c_void) {
    free(pointer);
}

/// C23: free of a block whose size the client knows. A wrong size is tolerated.
#[unsafe(no_mangle)]
pub extern "C" fn free_sized(pointer: *mut c_void, _size: usize) {
    free(pointer);
}

/// C23: the same for an aligned block.
#[unsafe(no_mangle)]
pub extern "C" fn free_aligned_sized(pointer: *mut c_void, _alignment: usize, _size: usize) {
    free(pointer);
}

/// The GNU C library's own name for malloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_malloc(size: usize) -> *mut c_void {
    malloc(size)
}

/// The GNU C library's own name for free.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_free(pointer: *mut c_void) {
    free(pointer);
}

/// The GNU C library's own name for calloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_calloc(count: usize, size: usize) -> *mut c_void {
    calloc(count, size)
}

/// The GNU C library's own name for realloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    realloc(pointer, size)
}
