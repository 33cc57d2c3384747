//! The hot paths: a magazine is an array of free blocks of one class, a cursor past the newest.
//!
//! ```text
//! null | oldest | … | newest | free slot | … | free slot | end
//!                            ^ cursor
//! ```
//! `magazine`: the slot below the first is null, so that an empty magazine pops null; the slot behind the
//! last holds [`END`], which no block is, so that a full one is known by what the cursor points to. A front
//! that has no magazines yet has every cursor between one null and one end: it pops null and is full. So
//! the one test on each path is also the test for a thread's first call, for a class without magazine and,
//! through class 0, for a pointer that is null, foreign, inner, misaligned or free already.

#![allow(unsafe_code, reason = "cursors are raw: that is what makes them fast")]

use core::cell::Cell;
use core::ptr;

use super::{Heap, ThreadHeap};
use crate::base::sync::{AtomicU8, Ordering};
use crate::config::geometry::{FINE_MAX, SMALL_MAX};
use crate::slab::SizeClass;
use crate::slab::size_class::LIVE_CLASSES;
use crate::superslab::Zone;

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

/// Cursors of all magazines, and of the marks, which never have slots.
#[derive(Debug)]
#[repr(C)]
pub struct Magazines {
    cursor: [Cell<*mut Slot>; LIVE_CLASSES],
}

/// A thread's front: what the shim keeps in thread-local storage.
#[derive(Debug)]
#[repr(C)]
pub struct Front {
    /// The magazines of the hot paths.
    pub magazines: Magazines,
    /// The thread's slabs: null while it is cold, watched or gone.
    pub heap: Cell<*const Heap>,
    /// The rest of what the thread has: null before its first call, [`ThreadHeap::gone`] after its last.
    pub thread: Cell<*const ThreadHeap>,
}

/// Words of a [`Front`]: all but the last two, which are 0, are the address of `NO_MAGAZINE`'s second slot at first.
pub const FRONT_WORDS: usize = size_of::<Front>() / size_of::<usize>();

const _: () = assert!(FRONT_WORDS == LIVE_CLASSES + 2, "a shim can write the initial image word by word");

const fn no_slots() -> *mut Slot {
    ptr::from_ref(&NO_MAGAZINE).cast::<Slot>().cast_mut().wrapping_add(1)
}

impl Magazines {
    /// Without a slot.
    pub const fn new() -> Self {
        Self { cursor: [const { Cell::new(no_slots()) }; LIVE_CLASSES] }
    }

    /// Takes the newest block; null if there is none.
    #[inline(always)]
    pub fn pop(&self, class: SizeClass) -> *mut u8 {
        let cursor = &self.cursor[class.live_index()];
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
    pub fn push(&self, class: SizeClass, block: *mut u8) -> bool {
        let cursor = &self.cursor[class.live_index()];
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
    pub fn clear(&self, class: SizeClass) {
        self.set_cursor(class, no_slots());
    }

    /// The cursor: where the next block goes.
    pub fn cursor(&self, class: SizeClass) -> *mut Slot {
        self.cursor[class.live_index()].get()
    }

    /// Moves the cursor.
    pub fn set_cursor(&self, class: SizeClass, cursor: *mut Slot) {
        self.cursor[class.live_index()].set(cursor);
    }
}

impl Default for Magazines {
    fn default() -> Self {
        Self::new()
    }
}

impl Front {
    /// A thread's front before its first call.
    pub const fn new() -> Self {
        Self { magazines: Magazines::new(), heap: Cell::new(ptr::null()), thread: Cell::new(ptr::null()) }
    }

    /// The front of a thread that is served block by block.
    pub const fn passing() -> Self {
        Self { magazines: Magazines::new(), heap: Cell::new(ptr::null()), thread: Cell::new(ThreadHeap::gone()) }
    }

    /// malloc's hot path: null if the slow one must run.
    #[inline(always)]
    pub fn take(&self, zone: &Zone, bytes: usize) -> *mut u8 {
        if bytes > SMALL_MAX {
            return ptr::null_mut();
        }
        self.take_class(zone, SizeClass::of_small(bytes))
    }

    /// The same where the class is known.
    #[inline(always)]
    pub fn take_class(&self, zone: &Zone, class: SizeClass) -> *mut u8 {
        let block = self.magazines.pop(class);
        if !block.is_null() {
            // SAFETY: popped from an open front just now.
            unsafe { Self::hand_out(zone, class, block) };
        }
        block
    }

    /// Enters a block in the live map.
    ///
    /// # Safety
    ///
    /// It came from the magazine of this class of an open front, and the zone is the first.
    #[inline(always)]
    pub unsafe fn hand_out(zone: &Zone, class: SizeClass, block: *mut u8) {
        // SAFETY: `live-map`: an open front holds blocks of the first zone only.
        unsafe { AtomicU8::from_ptr(zone.live_place_of_block(block)) }.store(class.0, Ordering::Relaxed);
    }

    /// The path after [`Front::take`], for [`SMALL_MAX`] bytes up to the largest room.
    #[inline(always)]
    pub fn take_medium(&self, zone: &Zone, bytes: usize) -> *mut u8 {
        if bytes <= FINE_MAX {
            return self.take_class(zone, SizeClass::of_fine(bytes));
        }
        let (room, mark) = SizeClass::of_room(bytes);
        let block = self.magazines.pop(room);
        if !block.is_null() {
            let live = zone.live_place_of_block(block);
            // SAFETY: `live-map`, as above; a room has 1,024 granules or more.
            unsafe { AtomicU8::from_ptr(live) }.store(room.0, Ordering::Relaxed);
            // SAFETY: as above.
            unsafe { AtomicU8::from_ptr(live.wrapping_add(1)) }.store(mark, Ordering::Relaxed);
        }
        block
    }

    /// free's hot path: false if the slow one must run. Nothing is changed then.
    #[inline(always)]
    pub fn give(&self, zone: &Zone, pointer: *mut u8) -> bool {
        let Some(live) = zone.live_place(pointer) else {
            return false;
        };
        if !self.magazines.push(SizeClass(live.load(Ordering::Relaxed)), pointer) {
            return false;
        }
        live.store(0, Ordering::Relaxed);
        true
    }
}

impl Default for Front {
    fn default() -> Self {
        Self::new()
    }
}
