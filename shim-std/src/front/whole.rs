//! The thread's storage is its front.

#![allow(unsafe_code, reason = "thread-local storage is assembler here")]

use core::arch::global_asm;

use hakmem_core::Front;
use hakmem_core::seam::{FRONT_WORDS, MAGAZINE_WORDS, NO_MAGAZINE};

use super::platform::storage;

global_asm!(
    ".pushsection .tdata,\"awT\",%progbits",
    ".p2align 6",
    ".hidden hakmem_front_v1",
    ".globl hakmem_front_v1",
    ".type hakmem_front_v1, %object",
    ".size hakmem_front_v1, {words} * 8",
    "hakmem_front_v1:",
    ".rept {magazines}",
    ".quad {none} + 8",
    ".endr",
    ".zero ({words} - {magazines}) * 8",
    ".popsection",
    words = const FRONT_WORDS,
    magazines = const MAGAZINE_WORDS,
    none = sym NO_MAGAZINE,
);

/// The calling thread's front, for the hot paths: it may be one without magazines that all new threads
/// share, which only [`own`] replaces. It comes to [`crate::process::ALLOCATOR`] alone.
#[inline(always)]
pub(crate) fn get() -> &'static Front {
    // SAFETY: the image above is a front; the thread's storage lives as long as the thread does, and the
    // reference never leaves the thread.
    unsafe { &*storage().cast::<Front>() }
}

/// The calling thread's own front, for the slow paths.
#[inline(always)]
pub(crate) fn own() -> &'static Front {
    get()
}

/// The thread has ended: its front stays as it is.
pub(crate) fn retire() {}
