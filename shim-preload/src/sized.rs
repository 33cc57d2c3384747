//! Frees that say how long the block is: with `harden=sizes` they are held to it. Where others replaced operators or go
//! before us, the C++ library's forms drop the size before we see it.

#![allow(unsafe_code, reason = "exports C symbols")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use hakmem_alloc::seam::slow;

use crate::malloc::{free, free_here};
use crate::misuse;

static CHECKS: AtomicBool = AtomicBool::new(false);

/// Has sizes looked at from now on.
pub(crate) fn watch() {
    CHECKS.store(true, Ordering::Relaxed);
}

/// True if sizes are looked at.
pub(crate) fn is_on() -> bool {
    CHECKS.load(Ordering::Relaxed)
}

/// True if the block has that size, as far as anybody looks; else that was told.
fn is_right(operation: &[u8], pointer: *mut c_void, size: usize, alignment: usize) -> bool {
    if !is_on() {
        return true;
    }
    let checked = slow::check_size(pointer.cast(), size, alignment);
    checked.map_err(|fault| misuse::tell(operation, fault)).is_ok()
}

/// `operator delete(pointer, size)`, where sizes are looked at.
pub(crate) extern "C" fn delete(pointer: *mut c_void, size: usize) {
    delete_aligned(pointer, size, 1);
}

/// `operator delete(pointer, size, alignment)`, where sizes are looked at.
pub(crate) extern "C" fn delete_aligned(pointer: *mut c_void, size: usize, alignment: usize) {
    if is_right(b"operator delete", pointer, size, alignment) {
        free_here(pointer);
    }
}

/// C23: free of a block whose size the client knows. A wrong size is tolerated, unless sizes are looked at.
#[unsafe(no_mangle)]
pub extern "C" fn free_sized(pointer: *mut c_void, size: usize) {
    if is_right(b"free_sized", pointer, size, 1) {
        free(pointer);
    }
}

/// C23: the same for an aligned block.
#[unsafe(no_mangle)]
pub extern "C" fn free_aligned_sized(pointer: *mut c_void, alignment: usize, size: usize) {
    if is_right(b"free_aligned_sized", pointer, size, alignment) {
        free(pointer);
    }
}
