//! The thread's storage is a pointer to its front: for libraries that are loaded into a running program.

#![allow(unsafe_code, reason = "thread-local storage is assembler here")]

use core::arch::global_asm;
use core::ptr;

use hakmem_core::Front;

use super::platform::storage;
use crate::process::ALLOCATOR;

global_asm!(
    ".pushsection .tbss,\"awT\",%nobits",
    ".p2align 3",
    ".hidden hakmem_front_v1",
    ".globl hakmem_front_v1",
    ".type hakmem_front_v1, %object",
    ".size hakmem_front_v1, 8",
    "hakmem_front_v1:",
    ".zero 8",
    ".popsection",
);

struct Shared(Front);

// SAFETY: never changed: it has no slot, and slow paths see no thread of theirs behind it.
unsafe impl Sync for Shared {}

// SAFETY: only hot paths of `ALLOCATOR` get it.
static CLOSED: Shared = Shared(unsafe { Front::new() });
static PASSING: Shared = Shared(Front::passing());

fn slot() -> *mut *const Front {
    storage().cast()
}

/// See the other model's.
#[inline(always)]
pub(crate) fn get() -> &'static Front {
    // SAFETY: the thread's storage holds null, its front, or `PASSING`; lent fronts are never unmapped.
    unsafe { slot().read().as_ref() }.unwrap_or(&CLOSED.0)
}

/// See the other model's.
#[cold]
pub(crate) fn own() -> &'static Front {
    // SAFETY: as above.
    if let Some(front) = unsafe { slot().read().as_ref() } {
        return front;
    }
    // SAFETY: it comes to `ALLOCATOR` alone, as all that this layer hands out.
    let Some(front) = (unsafe { ALLOCATOR.lend_front() }) else {
        return &PASSING.0;
    };
    // SAFETY: the thread's storage.
    unsafe { slot().write(front) };
    front
}

/// The thread has ended: its front goes back.
pub(crate) fn retire() {
    // SAFETY: the thread's storage.
    let front = unsafe { slot().replace(&raw const PASSING.0) };
    if !front.is_null() && !ptr::eq(front, &PASSING.0) {
        // SAFETY: lent by `own`, its end was told, and the slot was its only holder.
        unsafe { ALLOCATOR.return_front(front) };
    }
}
