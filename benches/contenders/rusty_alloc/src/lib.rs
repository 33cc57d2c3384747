//! rusty_alloc as a shared library to preload: its functions under the names of libc.
#![allow(clippy::missing_safety_doc, reason = "the contracts are those of the C functions they stand for")]

use std::ffi::c_int;
use std::ptr::null_mut;

use rusty_alloc_core::alloc;

const ENOMEM: c_int = 12;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut u8 {
    alloc::malloc(size)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut u8) {
    // SAFETY: the caller's word.
    unsafe { alloc::free_inline(block) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cfree(block: *mut u8) {
    // SAFETY: the caller's word.
    unsafe { alloc::free_inline(block) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    alloc::calloc(count, size)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's word.
    unsafe { alloc::realloc(block, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(block: *mut u8, count: usize, size: usize) -> *mut u8 {
    // SAFETY: the caller's word.
    unsafe { alloc::reallocn(block, count, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc_usable_size(block: *mut u8) -> usize {
    // SAFETY: the caller's word.
    unsafe { alloc::usable_size(block) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut u8 {
    alloc::malloc_aligned(size, alignment)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut u8 {
    alloc::malloc_aligned(size, alignment)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(place: *mut *mut u8, alignment: usize, size: usize) -> c_int {
    let block = alloc::malloc_aligned(size, alignment);
    if block.is_null() {
        return ENOMEM;
    }
    // SAFETY: the caller's place is valid.
    unsafe { place.write(block) };
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn valloc(size: usize) -> *mut u8 {
    alloc::malloc_aligned(size, 4096)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pvalloc(size: usize) -> *mut u8 {
    match size.checked_next_multiple_of(4096) {
        Some(size) => alloc::malloc_aligned(size, 4096),
        None => null_mut(),
    }
}
