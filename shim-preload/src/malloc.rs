//! malloc, free and their nearest kin.

#![allow(unsafe_code, reason = "exports C symbols")]

use core::ffi::c_void;
use core::ptr;

use hakmem_alloc::seam::{front, slow};
use hakmem_core::seam::{CLASSES, SMALL_MAX, SizeClass};
use hakmem_core::{Fault, FaultKind};

use crate::errno::out_of_memory;
use crate::refused::checked;
use crate::{foreign, misuse, pass_through};

/// `size` bytes at a multiple of 16 (of 8 where `size` ≤ 8); null and ENOMEM if memory is out.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut c_void {
    take(size)
}

/// What malloc does. The exported name leads to whoever goes before us, and is for him to see: of the functions here
/// only those call by name that do so in the GNU C library, or that he may not know.
#[inline(always)]
fn take(size: usize) -> *mut c_void {
    if size <= SMALL_MAX {
        // SAFETY: just compared.
        let (_, block) = unsafe { front::take_small(size) };
        if !block.is_null() {
            return block.cast();
        }
    }
    malloc_medium(size)
}

/// malloc for our own calls.
#[inline(never)]
pub(crate) extern "C" fn malloc_here(size: usize) -> *mut c_void {
    take(size)
}

#[inline(never)]
pub(crate) extern "C" fn malloc_medium(size: usize) -> *mut c_void {
    let block = front::take_medium(size);
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
    give(pointer);
}

/// What free does.
#[inline(always)]
fn give(pointer: *mut c_void) {
    // SAFETY: C's contract.
    if !unsafe { front::push(pointer.cast()) } {
        free_packed(pointer);
    }
}

/// free for our own calls.
#[inline(never)]
pub(crate) extern "C" fn free_here(pointer: *mut c_void) {
    give(pointer);
}

#[inline(never)]
pub(crate) extern "C" fn free_packed(pointer: *mut c_void) {
    // SAFETY: C's contract.
    if !unsafe { front::give_packed(pointer.cast()) } {
        free_slow(pointer);
    }
}

#[cold]
#[inline(never)]
pub(crate) extern "C" fn free_slow(pointer: *mut c_void) {
    // SAFETY: C's contract.
    let give = || unsafe { slow::give(pointer.cast()) };
    if !pass_through::free(pointer)
        && let Err(fault) = give()
        && !(fault.kind == FaultKind::Foreign && foreign::free(pointer))
    {
        misuse::tell(b"free", fault);
    }
}

/// `count` times `size` bytes of zeros; null and ENOMEM if that overflows or memory is out.
#[unsafe(no_mangle)]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    take_zeroed(count, size)
}

/// Bytes of a block of each class up to [`SMALL_MAX`]: in two instructions less than the table of all classes.
static SMALL_BYTES: [u16; CLASSES] = {
    let (mut table, mut bytes) = ([0; CLASSES], 0);
    while bytes <= SMALL_MAX {
        let class = SizeClass::of_small(bytes);
        table[class.index()] = class.shape().bytes as u16;
        bytes += 1;
    }
    table
};

#[inline(always)]
fn take_zeroed(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else { return out_of_memory() };
    if bytes <= SMALL_MAX {
        // SAFETY: just compared.
        let (class, block) = unsafe { front::take_small(bytes) };
        if !block.is_null() {
            // SAFETY: taken just now; all that may be used of it is cleared.
            unsafe { block.write_bytes(0, usize::from(SMALL_BYTES[class.index()])) };
            return block.cast();
        }
    }
    take_zeroed_medium(bytes)
}

#[inline(never)]
fn take_zeroed_medium(bytes: usize) -> *mut c_void {
    let block = front::take_medium(bytes);
    if block.is_null() { take_zeroed_slow(bytes) } else { clear(block, bytes) }
}

/// Clears all that may be used of a block, which is at least so long.
#[inline(never)]
fn clear(block: *mut u8, bytes: usize) -> *mut c_void {
    // SAFETY: a block that came just now.
    let usable = unsafe { slow::usable(block) }.unwrap_or(bytes);
    // SAFETY: taken just now, and that long.
    unsafe { block.write_bytes(0, usable) };
    block.cast()
}

#[cold]
#[inline(never)]
fn take_zeroed_slow(bytes: usize) -> *mut c_void {
    match pass_through::calloc(bytes) {
        Some(block) => block,
        None => checked(slow::take_aligned_zeroed(bytes, 1), b"calloc", bytes),
    }
}

/// A block of `size` bytes with the old one's contents. Null makes a new block; size 0 frees the old one
/// and returns null, as the GNU C library does. On failure the old block stays.
#[unsafe(no_mangle)]
pub extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    resize(b"realloc", pointer, size)
}

/// What realloc does. The operation's name also keeps the compiler from making one function of two: a call of one by
/// name would then lead to the other.
#[inline(always)]
fn resize(operation: &[u8], pointer: *mut c_void, size: usize) -> *mut c_void {
    if pointer.is_null() {
        return malloc_here(size);
    }
    if size == 0 {
        free_here(pointer);
        return ptr::null_mut();
    }
    if let Some(block) = pass_through::realloc(pointer, size) {
        return block;
    }
    // SAFETY: C's contract.
    match unsafe { slow::resize(pointer.cast(), size) } {
        Ok(block) => checked(block, operation, size),
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
    misuse::tell(b"realloc", fault);
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

/// The GNU C library's own name for malloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_malloc(size: usize) -> *mut c_void {
    malloc_here(size)
}

/// The GNU C library's own name for free.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_free(pointer: *mut c_void) {
    free_here(pointer);
}

/// The GNU C library's own name for calloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_calloc(count: usize, size: usize) -> *mut c_void {
    take_zeroed(count, size)
}

/// The GNU C library's own name for realloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    resize(b"__libc_realloc", pointer, size)
}
