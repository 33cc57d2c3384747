//! The calling thread's front: thread-local storage of the initial-exec model on stable Rust.
//!
//! `thread_local!` in a shared library calls `__tls_get_addr`, which may allocate. An assembler symbol in
//! `.tdata` costs two instructions and no call. Its initial image is a front without magazines. The price
//! is that a library loaded by dlopen needs that much of the loader's surplus: hence the feature `dlopen`,
//! which keeps only a pointer there.

#![allow(unsafe_code, reason = "passes a promise on")]

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod platform;

#[cfg_attr(feature = "dlopen", path = "dlopen.rs")]
#[cfg_attr(not(feature = "dlopen"), path = "whole.rs")]
mod model;

#[cfg_attr(all(target_arch = "x86_64", not(feature = "dlopen")), path = "segment.rs")]
#[cfg_attr(not(all(target_arch = "x86_64", not(feature = "dlopen"))), path = "portable.rs")]
mod moves;

pub(crate) use model::{get, own, retire};
pub(crate) use moves::{pop, push_class};
pub use moves::{push, take_small};

use crate::process::ALLOCATOR;

/// malloc's hot path; null if the slow one must run.
#[inline(always)]
pub fn take(bytes: usize) -> *mut u8 {
    ALLOCATOR.take(get(), bytes)
}

/// The path after it: see [`hakmem_core::Allocator::take_medium`].
#[inline(always)]
pub fn take_medium(bytes: usize) -> *mut u8 {
    ALLOCATOR.take_medium(get(), bytes)
}

/// The path after [`push`]: see [`hakmem_core::Allocator::give_packed`].
///
/// # Safety
///
/// As there.
#[inline(always)]
pub unsafe fn give_packed(pointer: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { ALLOCATOR.give_packed(get(), pointer) }
}
