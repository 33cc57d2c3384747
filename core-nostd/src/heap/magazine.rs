//! A magazine is an array of free blocks of one class, a cursor past the newest.
//!
//! ```text
//! null | oldest | … | newest | free slot | … | free slot | end
//!                            ^ cursor
//! ```
//! `magazine`: the slot below the first is null, so that an empty magazine pops null; the slot behind the
//! last holds [`END`], which no block is, so that a full one is known by what the cursor points to. A front
//! that has no magazines yet has every cursor between one null and one end: it pops null and is full. So
//! the one test on each hot path is also the test for a thread's first call, for a class without magazine and,
//! through class 0, for a pointer into a slab of blocks that have none.

#![allow(unsafe_code, reason = "cursors are raw: that is what makes them fast")]

use core::cell::Cell;
use core::ptr;

use crate::slab::SizeClass;
use crate::slab::size_class::MAGAZINE_CLASSES;

/// A slot of a magazine.
pub type Slot = *mut u8;

/// What stands behind a magazine's last slot.
pub const END: Slot = ptr::without_provenance_mut(1);

/// What every magazine looks like before it has slots.
#[repr(transparent)]
pub struct NoMagazine([Slot; 2]);

// SAFETY: never written.
unsafe impl Sync for NoMagazine {}

/// See [`NoMagazine`].
pub static NO_MAGAZINE: NoMagazine = NoMagazine([ptr::null_mut(), END]);

/// Cursors of all magazines.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Magazines {
    cursor: [Cell<*mut Slot>; MAGAZINE_CLASSES],
}

const fn no_slots() -> *mut Slot {
    ptr::from_ref(&NO_MAGAZINE).cast::<Slot>().cast_mut().wrapping_add(1)
}

impl Magazines {
    /// Without a slot.
    pub(crate) const fn new() -> Self {
        Self { cursor: [const { Cell::new(no_slots()) }; MAGAZINE_CLASSES] }
    }

    /// Takes the newest block; null if there is none.
    #[inline(always)]
    pub(crate) fn pop(&self, class: SizeClass) -> *mut u8 {
        let cursor = &self.cursor[class.magazine_index()];
        let newest = cursor.get().wrapping_sub(1);
        // SAFETY: `magazine`: below the cursor is a block or the null below the first slot.
        let block = unsafe { *newest };
        if !block.is_null() {
            cursor.set(newest);
        }
        block
    }

    /// Puts a block in; false if the magazine is full.
    #[inline(always)]
    pub(crate) fn push(&self, class: SizeClass, block: *mut u8) -> bool {
        let cursor = &self.cursor[class.magazine_index()];
        let free = cursor.get();
        // SAFETY: `magazine`: the cursor is at a slot of ours, or at the end.
        if unsafe { *free } == END {
            return false;
        }
        // SAFETY: as above, and it is not the end.
        unsafe { *free = block };
        cursor.set(free.wrapping_add(1));
        true
    }

    /// Takes a class's slots away.
    pub(crate) fn clear(&self, class: SizeClass) {
        self.set_cursor(class, no_slots());
    }

    /// The cursor: where the next block goes.
    pub(crate) fn cursor(&self, class: SizeClass) -> *mut Slot {
        self.cursor[class.magazine_index()].get()
    }

    /// Moves the cursor.
    pub(crate) fn set_cursor(&self, class: SizeClass, cursor: *mut Slot) {
        self.cursor[class.magazine_index()].set(cursor);
    }
}

impl Default for Magazines {
    fn default() -> Self {
        Self::new()
    }
}
