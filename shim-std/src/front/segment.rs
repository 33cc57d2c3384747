//! The hot paths on x86_64, where the thread's storage is its front: the segment register is part of the addresses.

#![allow(unsafe_code, reason = "moves cursors by assembler")]

use core::arch::asm;

use hakmem_core::seam::{END, LIVE_BEFORE_SIZES, Live, SLAB_SHIFT, SizeClass, Slot};

use crate::process::{ALLOCATOR, OFFSETS};

/// The offset of the thread's front from the thread pointer, and a class's cursor.
///
/// # Safety
///
/// The class is one that has a cursor: those with magazines and the ones below them.
#[inline(always)]
unsafe fn cursor(class: usize) -> (usize, *mut Slot) {
    let (offset, cursor): (usize, *mut Slot);
    // SAFETY: the cursors stand at the front's start.
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

/// Takes the newest block of the magazine of a request of at most `SMALL_MAX` bytes, and enters it in its live map;
/// null if there is none. The class is beside it.
///
/// # Safety
///
/// They are at most so many.
#[inline(always)]
pub unsafe fn take_small(bytes: usize) -> (SizeClass, *mut u8) {
    let mut sizes = ALLOCATOR.sizes();
    let class: usize;
    // SAFETY: the table has a byte for each size, by the caller's promise. It is widened as it is loaded, which the
    // compiler would do in two steps; and it is not known any more where the table is, so that it stays at hand.
    unsafe {
        asm!(
            "movzx {class:e}, byte ptr [{sizes} + {bytes}]",
            bytes = in(reg) bytes,
            sizes = inout(reg) sizes,
            class = out(reg) class,
            options(readonly, pure, preserves_flags, nostack)
        );
    }
    // SAFETY: the table holds classes, of which each has a cursor.
    let block = unsafe { pop_at(class) };
    if !block.is_null() {
        // SAFETY: as above: a class that has blocks has a live map.
        let place = unsafe { live_place(sizes, class, block) };
        // SAFETY: `live-map`: the block is of that class, and of the first zone; nobody else has it.
        unsafe { *place = tag(block) };
    }
    // SAFETY: the table holds classes.
    (unsafe { SizeClass::recorded(class as u8) }, block)
}

/// The place of a block of the first zone in its live map, which stands a fixed way from the sizes.
///
/// # Safety
///
/// The sizes are the allocator's, and the class is one that has blocks.
#[inline(always)]
unsafe fn live_place(sizes: *const u8, class: usize, block: *mut u8) -> *mut u8 {
    let map: *mut u8;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "mov {map}, qword ptr [{sizes} + {class} * 8 - {before}]",
            sizes = in(reg) sizes,
            class = in(reg) class,
            before = const LIVE_BEFORE_SIZES,
            map = lateout(reg) map,
            options(readonly, pure, preserves_flags, nostack)
        );
    }
    map.wrapping_add(block.addr() >> (map.addr() % usize::BITS as usize))
}

/// [`Live::block`]'s byte, in one instruction.
#[inline(always)]
fn tag(block: *mut u8) -> u8 {
    let tag: usize;
    // SAFETY: computes.
    unsafe {
        asm!(
            "lea {tag:e}, [{block} + {block} + 1]",
            block = in(reg) block.addr(),
            tag = lateout(reg) tag,
            options(nomem, pure, preserves_flags, nostack)
        );
    }
    debug_assert!(tag as u8 == Live::block(block).byte(), "twice the address, and one");
    tag as u8
}

/// Takes the newest block of a class's magazine, or null.
///
/// # Safety
///
/// The class has a magazine.
#[inline(always)]
pub(crate) unsafe fn pop(class: SizeClass) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { pop_at(class.index()) }
}

/// The front's own `pop` does the same in three instructions more: here the segment register is part of the
/// addresses.
///
/// # Safety
///
/// The class is one that has a cursor: those with magazines and the ones below them.
#[inline(always)]
unsafe fn pop_at(class: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    let (offset, cursor) = unsafe { cursor(class) };
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
///
/// # Safety
///
/// The class has a magazine, and the block is a live one of its, which nobody uses any more.
#[inline(always)]
pub(crate) unsafe fn push_class(class: SizeClass, block: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { push_at(class.index(), block, || true) }
}

/// Puts a block into the magazine of a class if that has room and the block is `taken` then; false if not.
///
/// # Safety
///
/// As for [`push_class`] where it is taken; or the class has a cursor only, whose magazine is always full.
#[inline(always)]
unsafe fn push_at(class: usize, block: *mut u8, taken: impl FnOnce() -> bool) -> bool {
    // SAFETY: the caller's promise.
    let (offset, cursor) = unsafe { cursor(class) };
    // SAFETY: `magazine`: the cursor is at a slot of ours, or at the end.
    if unsafe { *cursor } == END || !taken() {
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
///
/// # Safety
///
/// As for [`hakmem_core::Allocator::give`].
#[inline(always)]
pub unsafe fn push(pointer: *mut u8) -> bool {
    let (offset, class): (usize, usize);
    // SAFETY: reads where the first zone starts.
    unsafe {
        asm!(
            "sub {offset}, qword ptr [rip + {allocator} + {base}]",
            offset = inout(reg) pointer.addr() => offset,
            allocator = sym ALLOCATOR,
            base = const OFFSETS.base,
            options(readonly, nostack)
        );
    }
    if offset >= ALLOCATOR.zone_bytes() {
        return false;
    }
    // SAFETY: `kind-map`: the byte says a class that has a cursor.
    unsafe {
        asm!(
            "add {slab}, qword ptr [rip + {allocator} + {kinds}]",
            "movzx {class:e}, byte ptr [{slab}]",
            slab = inout(reg) offset >> SLAB_SHIFT => _,
            class = lateout(reg) class,
            allocator = sym ALLOCATOR,
            kinds = const OFFSETS.kinds,
            options(readonly, nostack)
        );
    }
    let taken = || {
        // SAFETY: a class whose cursor is not at the end has blocks.
        let place = unsafe { live_place(ALLOCATOR.sizes(), class, pointer) };
        // SAFETY: `live-map`: the pointer lies in the first zone; its block is the caller's, so nobody else comes here.
        unsafe {
            let is_live = *place == tag(pointer);
            if is_live {
                *place = 0;
            }
            is_live
        }
    };
    // SAFETY: `kind-map`: the class has a cursor, and what is taken is a live block of it.
    unsafe { push_at(class, pointer, taken) }
}
