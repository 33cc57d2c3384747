//! `#[global_allocator]`.

#![allow(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr;

use hakmem_core::seam::{SMALL_MAX, SizeClass};

use crate::process::{ALLOCATOR, fault};
use crate::{front, slow};

/// The allocator, as a value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hakmem;

/// The magazine class of a layout: blocks of it are taken and given back without a look-up. Constant
/// where the layout is.
#[inline(always)]
fn magazine_class(layout: Layout) -> Option<SizeClass> {
    // Who asks for less than the alignment may as well have all of it.
    let bytes = layout.size().max(layout.align());
    if layout.align() > 16 || bytes > SMALL_MAX {
        return None;
    }
    Some(SizeClass::of_small(bytes))
}

fn take_rest(layout: Layout) -> *mut u8 {
    if layout.align() <= 16 {
        let block = slow::take_medium(layout.size());
        if !block.is_null() {
            return block;
        }
    }
    slow::take_aligned(layout.size(), layout.align())
}

fn take_zeroed_rest(layout: Layout) -> *mut u8 {
    if layout.align() <= 16 {
        let block = slow::take_medium(layout.size());
        if !block.is_null() {
            // SAFETY: the block is ours and at least that long.
            unsafe { block.write_bytes(0, layout.size()) };
            return block;
        }
    }
    slow::take_aligned_zeroed(layout.size(), layout.align())
}

/// # Safety
///
/// As for [`GlobalAlloc::dealloc`], of a layout without a magazine.
unsafe fn give_rest(pointer: *mut u8, layout: Layout) {
    // SAFETY: the caller's promise.
    unsafe {
        if !ALLOCATOR.give(front::get(), pointer) && !slow::give_packed(pointer) {
            give_checked(pointer, layout);
        }
    }
}

/// # Safety
///
/// As for [`GlobalAlloc::dealloc`].
#[cold]
#[inline(never)]
unsafe fn give_checked(pointer: *mut u8, layout: Layout) {
    match slow::check_size(pointer, layout.size(), layout.align()) {
        // SAFETY: the caller's promise.
        Ok(()) => unsafe { give_slow(pointer) },
        Err(wrong) => fault(b"dealloc", wrong),
    }
}

/// # Safety
///
/// As for [`GlobalAlloc::dealloc`].
#[cold]
#[inline(never)]
unsafe fn give_slow(pointer: *mut u8) {
    // SAFETY: the caller's promise.
    if let Err(wrong) = unsafe { slow::give(pointer) } {
        fault(b"dealloc", wrong);
    }
}

/// # Safety
///
/// A layout's [`magazine_class`] said it.
#[inline(always)]
unsafe fn take_class(class: SizeClass) -> *mut u8 {
    // SAFETY: that class has a magazine, and is no room.
    unsafe {
        let block = front::pop(class);
        if block.is_null() { slow::take_sized(class) } else { block }
    }
}

/// # Safety
///
/// The pointer is a live block that [`take_class`] gave for this class.
#[cold]
#[inline(never)]
unsafe fn give_class_slow(class: SizeClass, pointer: *mut u8) {
    // SAFETY: the caller's promise.
    if let Err(wrong) = unsafe { slow::give_sized(class, pointer) } {
        fault(b"dealloc", wrong);
    }
}

// SAFETY: blocks are at least as long and aligned as asked (`SizeClass::aligned`), disjoint, and stay the
// client's until they are given back.
unsafe impl GlobalAlloc for Hakmem {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match magazine_class(layout) {
            // SAFETY: just said.
            Some(class) => unsafe { take_class(class) },
            None => take_rest(layout),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match magazine_class(layout) {
            // SAFETY: the caller's promise: a live block of this layout, so of this class.
            Some(class) if unsafe { front::push_class(class, pointer) } => {}
            // SAFETY: as above.
            Some(class) => unsafe { give_class_slow(class, pointer) },
            // SAFETY: as above.
            None => unsafe { give_rest(pointer, layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(class) = magazine_class(layout) else {
            return take_zeroed_rest(layout);
        };
        // SAFETY: just said.
        let block = unsafe { take_class(class) };
        if !block.is_null() {
            // SAFETY: the block is ours and at least that long.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: `bytes` is not 0 and, rounded up to the alignment, at most isize::MAX.
        let wanted = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        // A block must be of its layout's class, or a sized free would put it with others' sizes.
        match (magazine_class(layout), magazine_class(wanted)) {
            (Some(old), Some(new)) if old == new => pointer,
            // SAFETY: the caller's promise.
            (None, None) if layout.align() <= 16 => match unsafe { slow::resize(pointer, bytes) } {
                Ok(block) => block,
                Err(wrong) => {
                    fault(b"realloc", wrong);
                    ptr::null_mut()
                }
            },
            _ => {
                // SAFETY: the caller's promises, handed on.
                let block = unsafe { self.alloc(wanted) };
                if !block.is_null() {
                    // SAFETY: both are that long and different.
                    unsafe { block.copy_from_nonoverlapping(pointer, bytes.min(layout.size())) };
                    // SAFETY: as above.
                    unsafe { self.dealloc(pointer, layout) };
                }
                block
            }
        }
    }
}
