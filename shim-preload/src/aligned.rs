//! Blocks at multiples of what the client says.

#![allow(unsafe_code, reason = "exports C symbols")]

use core::ffi::{c_int, c_void};

use hakmem_alloc::seam::process::ALLOCATOR;
use hakmem_alloc::seam::slow;
use hakmem_core::PageProvider;

use crate::errno::{EINVAL, ENOMEM, invalid, out_of_memory};
use crate::malloc::malloc_here;
use crate::pass_through;
use crate::refused::checked;

/// What needs no more than a block's own alignment is malloc's.
#[inline(always)]
pub(crate) fn take_inline(operation: &[u8], alignment: usize, size: usize) -> *mut c_void {
    if alignment <= 16 && (alignment <= 8 || size > 8) {
        return malloc_here(size);
    }
    match pass_through::memalign(alignment, size) {
        Some(block) => block,
        None => checked(slow::take_aligned(size, alignment), operation, size),
    }
}

#[inline(never)]
fn take(operation: &[u8], alignment: usize, size: usize) -> *mut c_void {
    take_inline(operation, alignment, size)
}

fn page() -> usize {
    ALLOCATOR.provider().page_bytes()
}

/// A block at a multiple of `alignment`, which is rounded up to a power of two, as the GNU C library does.
#[unsafe(no_mangle)]
pub extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    round_up(b"memalign", alignment, size)
}

#[inline(always)]
fn round_up(operation: &[u8], alignment: usize, size: usize) -> *mut c_void {
    match alignment.max(16).checked_next_power_of_two() {
        Some(alignment) => take(operation, alignment, size),
        _ => invalid(),
    }
}

/// The same; the size need not be a multiple of the alignment.
#[unsafe(no_mangle)]
pub extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    round_up(b"aligned_alloc", alignment, size)
}

/// Stores the block and returns 0, or returns EINVAL or ENOMEM and stores nothing; errno stays as it is.
///
/// # Safety
///
/// `place` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<*mut c_void>()) {
        return EINVAL;
    }
    // SAFETY: the caller's promise.
    if let Some(answer) = unsafe { pass_through::posix_memalign(place, alignment, size) } {
        return answer;
    }
    let block = slow::take_aligned(size, alignment.max(16));
    if block.is_null() {
        checked(block, b"posix_memalign", size);
        return ENOMEM;
    }
    // SAFETY: the caller's promise.
    unsafe { place.write(block.cast()) };
    0
}

/// A block at a page's start.
#[unsafe(no_mangle)]
pub extern "C" fn valloc(size: usize) -> *mut c_void {
    take(b"valloc", page(), size)
}

/// Whole pages.
#[unsafe(no_mangle)]
pub extern "C" fn pvalloc(size: usize) -> *mut c_void {
    whole_pages(b"pvalloc", size)
}

#[inline(always)]
fn whole_pages(operation: &[u8], size: usize) -> *mut c_void {
    match size.max(1).checked_next_multiple_of(page()) {
        Some(bytes) => take(operation, page(), bytes),
        None => out_of_memory(),
    }
}

/// The GNU C library's own name for memalign.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void {
    round_up(b"__libc_memalign", alignment, size)
}

/// The GNU C library's own name for valloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_valloc(size: usize) -> *mut c_void {
    take(b"__libc_valloc", page(), size)
}

/// The GNU C library's own name for pvalloc.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_pvalloc(size: usize) -> *mut c_void {
    whole_pages(b"__libc_pvalloc", size)
}
