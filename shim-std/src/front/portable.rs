//! The hot paths, as the core has them.

#![allow(unsafe_code, reason = "passes promises on")]

use hakmem_core::seam::SizeClass;

use super::get;
use crate::process::ALLOCATOR;

/// free's hot path; false if the slow one must run.
///
/// # Safety
///
/// As for [`hakmem_core::Allocator::give`].
#[inline(always)]
pub unsafe fn push(pointer: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { ALLOCATOR.give(get(), pointer) }
}

/// Takes the newest block of a class's magazine, or null.
///
/// # Safety
///
/// The class has a magazine.
#[inline(always)]
pub(crate) unsafe fn pop(class: SizeClass) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { get().pop(class) }
}

/// Takes the newest block of the magazine of a request of at most `SMALL_MAX` bytes, and enters it in its live map;
/// null if there is none. The class is beside it.
///
/// # Safety
///
/// They are at most so many.
#[inline(always)]
pub unsafe fn take_small(bytes: usize) -> (SizeClass, *mut u8) {
    (ALLOCATOR.class_of_size(bytes), ALLOCATOR.take(get(), bytes))
}

/// Puts a block into a class's magazine; false if it is full.
///
/// # Safety
///
/// The class has a magazine, and the block is a live one of its, which nobody uses any more.
#[inline(always)]
pub(crate) unsafe fn push_class(class: SizeClass, block: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { get().push(class, block) }
}
