//! The calling thread's front: thread-local storage of the initial-exec model on stable Rust.
//!
//! `thread_local!` in a shared library calls `__tls_get_addr`, which may allocate. An assembler symbol in
//! `.tdata` costs two instructions and no call. Its initial image is a front without magazines. The price
//! is that a library loaded by dlopen needs that much of the loader's surplus: hence the feature `dlopen`,
//! which keeps only a pointer there.

#![allow(unsafe_code, reason = "thread-local storage is assembler here")]

use core::arch::{asm, global_asm};
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
use core::sync::atomic::Ordering;

use hakmem_core::heap::Front;
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
use hakmem_core::heap::magazine::{END, Slot};
#[cfg(not(feature = "dlopen"))]
use hakmem_core::heap::magazine::{FRONT_WORDS, NO_MAGAZINE};
use hakmem_core::slab::SizeClass;
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
use hakmem_core::slab::size_class::SMALL;

use crate::process::ALLOCATOR;

#[cfg(not(feature = "dlopen"))]
global_asm!(
    ".pushsection .tdata,\"awT\",%progbits",
    ".p2align 6",
    ".hidden hakmem_front_v1",
    ".globl hakmem_front_v1",
    ".type hakmem_front_v1, %object",
    ".size hakmem_front_v1, {words} * 8",
    "hakmem_front_v1:",
    ".rept {words} - 2",
    ".quad {none} + 8",
    ".endr",
    ".quad 0, 0",
    ".popsection",
    words = const FRONT_WORDS,
    none = sym NO_MAGAZINE,
);

#[cfg(feature = "dlopen")]
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

/// Address of the thread's storage.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn storage() -> *mut u8 {
    let storage: *mut u8;
    // SAFETY: reads the thread pointer and a constant of the loader.
    unsafe {
        asm!(
            "mov {0}, fs:[0]",
            "add {0}, qword ptr [rip + hakmem_front_v1@GOTTPOFF]",
            out(reg) storage,
            options(pure, readonly, nostack)
        );
    }
    storage
}

/// Address of the thread's storage.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn storage() -> *mut u8 {
    let storage: *mut u8;
    // SAFETY: reads the thread pointer and a constant of the loader.
    unsafe {
        asm!(
            "mrs {0}, tpidr_el0",
            "adrp {1}, :gottprel:hakmem_front_v1",
            "ldr {1}, [{1}, :gottprel_lo12:hakmem_front_v1]",
            "add {0}, {0}, {1}",
            out(reg) storage,
            out(reg) _,
            options(pure, readonly, nostack)
        );
    }
    storage
}

/// The calling thread's front, for the hot paths: it may be one without magazines that all new threads
/// share, which only [`own`] replaces.
#[cfg(not(feature = "dlopen"))]
#[inline(always)]
pub fn get() -> &'static Front {
    // SAFETY: the image above is a front; the thread's storage lives as long as the thread does, and the
    // reference never leaves the thread.
    unsafe { &*storage().cast::<Front>() }
}

/// The offset of the thread's front from the thread pointer, and a class's cursor.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
fn cursor(class: usize) -> (usize, *mut Slot) {
    let (offset, cursor): (usize, *mut Slot);
    // SAFETY: the cursors stand at the front's start, one for each class that the live map can hold.
    unsafe {
        asm!(
            "mov {offset}, qword ptr [rip + hakmem_front_v1@GOTTPOFF]",
            "mov {cursor}, qword ptr fs:[{offset} + {class} * 8]",
            class = in(reg) class,
            offset = out(reg) offset,
            cursor = lateout(reg) cursor,
            options(readonly, preserves_flags, nostack)
        );
    }
    (offset, cursor)
}

/// Takes the newest block of the magazine of a request of at most `SMALL_MAX` bytes, or null; the class
/// beside it. It is widened as it is loaded, which the compiler would do in two steps.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
pub fn pop_small(bytes: usize) -> (SizeClass, *mut u8) {
    let class: usize;
    // SAFETY: the table has a byte for each size.
    unsafe {
        asm!(
            "movzx {class:e}, byte ptr [{table} + {bytes}]",
            bytes = in(reg) bytes,
            table = in(reg) &raw const SMALL,
            class = lateout(reg) class,
            options(readonly, pure, preserves_flags, nostack)
        );
    }
    (SizeClass(class as u8), pop_at(class))
}

/// Takes the newest block of a class's magazine, or null.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
pub fn pop(class: SizeClass) -> *mut u8 {
    pop_at(class.live_index())
}

/// The front's own `pop` does the same in three instructions more: here the segment register is part of the
/// addresses.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
fn pop_at(class: usize) -> *mut u8 {
    let (offset, cursor) = cursor(class);
    // SAFETY: `magazine`: below the cursor is a block or the null below the first slot.
    let block = unsafe { *cursor.wrapping_sub(1) };
    if !block.is_null() {
        // SAFETY: as above; the newest slot is free now.
        unsafe {
            asm!("sub qword ptr fs:[{} + {} * 8], 8", in(reg) offset, in(reg) class, options(nostack));
        }
    }
    block
}

/// Puts a block into a class's magazine; false if it is full.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
pub fn push_class(class: SizeClass, block: *mut u8) -> bool {
    push_at(class.live_index(), block)
}

#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
fn push_at(class: usize, block: *mut u8) -> bool {
    let (offset, cursor) = cursor(class);
    // SAFETY: `magazine`: the cursor is at a slot of ours, or at the end.
    if unsafe { *cursor } == END {
        return false;
    }
    // SAFETY: as above, and it is not the end.
    unsafe {
        *cursor = block;
        asm!("add qword ptr fs:[{} + {} * 8], 8", in(reg) offset, in(reg) class, options(nostack));
    }
    true
}

/// free's hot path, as the front's own `give`; false if the slow one must run. Nothing is changed then.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
#[inline(always)]
pub fn push(pointer: *mut u8) -> bool {
    let Some(live) = ALLOCATOR.live_place(pointer) else { return false };
    let class: usize;
    // SAFETY: the live map's byte says a class.
    unsafe {
        asm!(
            "movzx {class:e}, byte ptr [{live}]",
            live = in(reg) live.as_ptr(),
            class = lateout(reg) class,
            options(readonly, preserves_flags, nostack)
        );
    }
    if !push_at(class, pointer) {
        return false;
    }
    live.store(0, Ordering::Relaxed);
    true
}

/// free's hot path; false if the slow one must run.
#[cfg(not(all(target_arch = "x86_64", not(feature = "dlopen"))))]
#[inline(always)]
pub fn push(pointer: *mut u8) -> bool {
    ALLOCATOR.give(get(), pointer)
}

/// Takes the newest block of a class's magazine, or null.
#[cfg(not(all(target_arch = "x86_64", not(feature = "dlopen"))))]
#[inline(always)]
pub fn pop(class: SizeClass) -> *mut u8 {
    get().magazines.pop(class)
}

/// Takes the newest block of the magazine of a request of at most `SMALL_MAX` bytes, or null; the class
/// beside it.
#[cfg(not(all(target_arch = "x86_64", not(feature = "dlopen"))))]
#[inline(always)]
pub fn pop_small(bytes: usize) -> (SizeClass, *mut u8) {
    let class = SizeClass::of_small(bytes);
    (class, get().magazines.pop(class))
}

/// Puts a block into a class's magazine; false if it is full.
#[cfg(not(all(target_arch = "x86_64", not(feature = "dlopen"))))]
#[inline(always)]
pub fn push_class(class: SizeClass, block: *mut u8) -> bool {
    get().magazines.push(class, block)
}

/// The calling thread's own front, for the slow paths.
#[cfg(not(feature = "dlopen"))]
#[inline(always)]
pub fn own() -> &'static Front {
    get()
}

/// The thread has ended: its front stays as it is.
#[cfg(not(feature = "dlopen"))]
pub fn retire() {}

#[cfg(feature = "dlopen")]
mod by_pointer {
    use core::ptr;

    use super::{Front, storage};
    use crate::process::ALLOCATOR;

    struct Shared(Front);

    // SAFETY: never changed: it has no slot, and slow paths see no thread of theirs behind it.
    unsafe impl Sync for Shared {}

    static CLOSED: Shared = Shared(Front::new());
    static PASSING: Shared = Shared(Front::passing());

    fn slot() -> *mut *const Front {
        storage().cast()
    }

    /// See the other model's.
    #[inline(always)]
    pub fn get() -> &'static Front {
        // SAFETY: the thread's storage holds null, its front, or `PASSING`; lent fronts are never unmapped.
        unsafe { slot().read().as_ref() }.unwrap_or(&CLOSED.0)
    }

    /// See the other model's.
    #[cold]
    pub fn own() -> &'static Front {
        // SAFETY: as above.
        if let Some(front) = unsafe { slot().read().as_ref() } {
            return front;
        }
        let Some(front) = ALLOCATOR.lend_front() else {
            return &PASSING.0;
        };
        // SAFETY: the thread's storage.
        unsafe { slot().write(front) };
        front
    }

    /// The thread has ended: its front goes back.
    pub fn retire() {
        // SAFETY: the thread's storage.
        let front = unsafe { slot().replace(&raw const PASSING.0) };
        if !front.is_null() && !ptr::eq(front, &PASSING.0) {
            // SAFETY: lent by `own`, its end was told, and the slot was its only holder.
            unsafe { ALLOCATOR.return_front(front) };
        }
    }
}

#[cfg(feature = "dlopen")]
pub use by_pointer::{get, own, retire};
