//! The hot paths, on a thread's front.

#![allow(unsafe_code, reason = "writes to live maps, which are raw memory, and reaches the thread heap")]

use core::cell::Cell;
use core::ptr;

use super::magazine::Magazines;
use super::{Front, ThreadHeap};
use crate::base::sync::{AtomicU8, AtomicU32};
use crate::config::geometry::{FINE_MAX, SMALL_MAX};
use crate::slab::size_class::MAGAZINE_CLASSES;
use crate::slab::{Live, SizeClass};
use crate::superslab::Zones;

/// Words of a [`Front`] at first: the magazines' are the address of `NO_MAGAZINE`'s second slot, those behind them 0.
pub const FRONT_WORDS: usize = size_of::<Front>() / size_of::<usize>();
/// Of these, words of magazines.
pub const MAGAZINE_WORDS: usize = MAGAZINE_CLASSES;

const _: () = assert!(size_of::<Front>().is_multiple_of(size_of::<usize>()), "a shim writes the image word by word");

impl Front {
    /// A thread's front before its first call.
    ///
    /// # Safety
    ///
    /// All calls that it is used for are one allocator's.
    pub const unsafe fn new() -> Self {
        Self::of(ptr::null())
    }

    /// The front of threads that are served block by block, by whichever allocator.
    #[doc(hidden)]
    pub const fn passing() -> Self {
        Self::of(ThreadHeap::gone())
    }

    const fn of(thread: *const ThreadHeap) -> Self {
        Self {
            magazines: Magazines::new(),
            heap: Cell::new(ptr::null()),
            thread: Cell::new(thread),
            forks: AtomicU32::new(0),
            passing: AtomicU32::new(0),
        }
    }

    /// The rest of what the thread has; none before its first call and after its last.
    #[inline(always)]
    pub(crate) fn thread_heap<'a>(&self) -> Option<&'a ThreadHeap> {
        let thread = self.thread.get();
        if ptr::eq(thread, ThreadHeap::gone()) {
            return None;
        }
        // SAFETY: thread heaps are never unmapped.
        unsafe { thread.as_ref() }
    }

    /// True if its thread has not come yet.
    #[doc(hidden)]
    pub fn is_new(&self) -> bool {
        self.thread.get().is_null()
    }

    /// True if its thread has a heap of its own, and the hot paths know it.
    #[doc(hidden)]
    pub fn is_warm(&self) -> bool {
        !self.heap.get().is_null()
    }

    /// Takes the newest block of a magazine, which is nobody's then; null if there is none.
    ///
    /// # Safety
    ///
    /// The class has a magazine.
    #[doc(hidden)]
    #[inline(always)]
    pub unsafe fn pop(&self, class: SizeClass) -> *mut u8 {
        self.magazines.pop(class)
    }

    /// Puts a block into a magazine; false if it is full.
    ///
    /// # Safety
    ///
    /// The class has a magazine, and the block was taken for that class, by the front's magazine or
    /// [`crate::Allocator::take_sized`]; nobody uses it any more.
    #[doc(hidden)]
    #[inline(always)]
    pub unsafe fn push(&self, class: SizeClass, block: *mut u8) -> bool {
        self.magazines.push(class, block)
    }

    /// malloc's hot path: null if the slow one must run.
    #[inline(always)]
    pub(crate) fn take(&self, zones: &Zones, bytes: usize) -> *mut u8 {
        if bytes > SMALL_MAX {
            return ptr::null_mut();
        }
        self.take_class(zones, zones.class_of(bytes))
    }

    /// The same where the class is known.
    #[inline(always)]
    pub(crate) fn take_class(&self, zones: &Zones, class: SizeClass) -> *mut u8 {
        let block = self.magazines.pop(class);
        if !block.is_null() {
            // SAFETY: popped from an open front just now.
            unsafe { Self::hand_out(zones, class, block) };
        }
        block
    }

    /// Enters a block in its live map.
    ///
    /// # Safety
    ///
    /// It came from the magazine of this class of an open front.
    #[inline(always)]
    pub(crate) unsafe fn hand_out(zones: &Zones, class: SizeClass, block: *mut u8) {
        // SAFETY: `live-map`: an open front holds blocks of the first zone only.
        Live::block(block).put(unsafe { AtomicU8::from_ptr(zones.live_place_of(class, block)) });
    }

    /// The path after [`Front::take`], for [`SMALL_MAX`] bytes up to the largest room.
    #[inline(always)]
    pub(crate) fn take_medium(&self, zones: &Zones, bytes: usize) -> *mut u8 {
        if bytes <= FINE_MAX {
            return self.take_class(zones, SizeClass::of_fine(bytes));
        }
        let (room, eighth) = SizeClass::of_room(bytes);
        let block = self.magazines.pop(room);
        if !block.is_null() {
            let live = zones.live_place_of(room, block);
            // SAFETY: `live-map`, as above; a room has more than one granule.
            let (place, mark) = unsafe { (AtomicU8::from_ptr(live), AtomicU8::from_ptr(live.wrapping_add(1))) };
            Live::block(block).put(place);
            Live::mark(eighth).put(mark);
        }
        block
    }

    /// free's hot path: false if the slow one must run. Nothing is changed then.
    #[inline(always)]
    pub(crate) fn give(&self, zones: &Zones, pointer: *mut u8) -> bool {
        let Some(class) = zones.first().kind_of(pointer) else {
            return false;
        };
        if class == SizeClass::NONE {
            return false;
        }
        // SAFETY: `live-map`: the first zone has the pointer, and its slab this class.
        let place = unsafe { AtomicU8::from_ptr(zones.live_place_of(class, pointer)) };
        if Live::at(place) != Live::block(pointer) || !self.magazines.push(class, pointer) {
            return false;
        }
        Live::NOTHING.put(place);
        true
    }
}
