//! Told blocks: under a tool of valgrind's that judges, it hears of every block, how long it was asked to be, when it
//! comes and when it goes; it learns which memory is nobody's, and which is ours alone. Then its reports name the
//! program's mistakes, while the allocator that runs is this one.
//!
//! ```text
//! block | as many bytes as were asked for | 8 bytes or more that nobody may touch | how many those are
//! ```
//! All fronts stay closed, so that every call comes by here. Nothing else does: elsewhere the price is one look at
//! [`crate::witness`] on each slow path.

#![allow(unsafe_code, reason = "writes behind blocks")]

use core::ptr;

use hakmem_core::{Fault, FaultKind};

use crate::entry::enter;
use crate::process::ALLOCATOR;
use crate::valgrind;
use crate::witness::ours;

/// What stands behind a block.
const TAIL: usize = 16;
const WORD: usize = size_of::<usize>();

/// A block of `bytes` at a multiple of `align`; null if memory is out.
pub(crate) fn take(bytes: usize, align: usize) -> *mut u8 {
    let Some(wanted) = bytes.checked_add(TAIL) else { return ptr::null_mut() };
    let block = enter(|front| match align {
        0..=16 => ALLOCATOR.take_slow(front, wanted),
        _ => ALLOCATOR.take_aligned(front, wanted, align),
    });
    // A block that came just now has a length; null has none.
    let Ok(room @ TAIL..) = room_of(block) else { return ptr::null_mut() };
    valgrind::take(block, bytes, room);
    // SAFETY: within the block, behind what the client knows of it.
    ours(|| unsafe { length_of(block, room).write(bytes) });
    block
}

/// The same, and every byte is 0.
pub(crate) fn take_zeroed(bytes: usize, align: usize) -> *mut u8 {
    let block = take(bytes, align);
    if !block.is_null() {
        // SAFETY: the block is ours to hand out and that long.
        unsafe { block.write_bytes(0, bytes) };
    }
    block
}

/// Bytes of a block, what stands behind it included.
fn room_of(block: *mut u8) -> Result<usize, Fault> {
    ours(|| ALLOCATOR.usable(block))
}

/// Where a block's length stands.
fn length_of(block: *mut u8, room: usize) -> *mut usize {
    block.wrapping_add(room - WORD).cast()
}

/// Takes a block back.
///
/// # Safety
///
/// If it is a live one, it is the caller's to give back, and nobody uses it any more.
pub(crate) unsafe fn give(pointer: *mut u8) -> Result<(), Fault> {
    match room_of(pointer) {
        // It has another owner, who will be heard.
        Err(fault) if fault.kind == FaultKind::Foreign => return Err(fault),
        Ok(0) => return Ok(()),
        // Before somebody else has it.
        _ => valgrind::give(pointer),
    }
    // SAFETY: the caller's promise.
    enter(|front| unsafe { ALLOCATOR.give_slow(front, pointer) })
}

/// Bytes that were asked for; 0 for null.
///
/// # Safety
///
/// If it is a live block, nobody gives it back meanwhile.
pub(crate) unsafe fn usable(pointer: *mut u8) -> Result<usize, Fault> {
    match room_of(pointer)? {
        0 => Ok(0),
        // SAFETY: written when the block was taken.
        room => Ok(ours(|| unsafe { length_of(pointer, room).read() })),
    }
}

/// Another block with the old one's contents: what still knows the old one is then told from what does not.
///
/// # Safety
///
/// If it is a live block, it is the caller's to resize, and nobody else uses it.
pub(crate) unsafe fn resize(pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
    // SAFETY: the caller's promise.
    let old = unsafe { usable(pointer)? };
    let block = take(bytes, 1);
    if !block.is_null() {
        // SAFETY: both blocks are that long and different.
        unsafe { block.copy_from_nonoverlapping(pointer, old.min(bytes)) };
        // SAFETY: the caller's promise.
        unsafe { give(pointer)? };
    }
    Ok(block)
}
