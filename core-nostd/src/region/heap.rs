//! The door: one region, one profile, one lock.

#![allow(unsafe_code, reason = "hands out memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::{self, MaybeUninit};
use core::ptr::null_mut;

use super::counters::Counters;
use super::lock::{DefaultLock, FreshLock, Lock};
use super::profile::{Profile, RegionError, check_region};
use super::stats::HeapStats;
use super::tiny::Tiny;
use crate::harden::{Fault, FaultKind};
use crate::inspect::Broken;

/// What happens when a block is given back that is not out. It never returns: the heap is as it was before, but
/// the program is wrong.
pub type OnFault = fn(&Fault) -> !;

/// A heap over one region of memory, for `#[global_allocator]` or beside one. All zero before it gets its region, so
/// that the static lies in `.bss` and takes no flash; until then every request is refused.
///
/// ```
/// use hakmem_core::region::{Bounded, Heap};
///
/// static HEAP: Heap<Bounded> = Heap::empty();
///
/// hakmem_core::heap!(HEAP, 16 * 1024).expect("called once");
/// ```
pub struct Heap<P: Profile = Tiny, L: Lock = DefaultLock> {
    lock: L,
    locked: UnsafeCell<Locked<P>>,
}

struct Locked<P> {
    profile: P,
    counters: Counters,
    on_fault: Option<OnFault>,
}

// SAFETY: `locked` is reached under the lock alone; its pointers are to a region that belongs to nobody else.
unsafe impl<P: Profile, L: Lock + Sync> Sync for Heap<P, L> {}
// SAFETY: as above.
unsafe impl<P: Profile, L: Lock + Send> Send for Heap<P, L> {}

impl<P: Profile, L: FreshLock> Heap<P, L> {
    /// Without a region.
    pub const fn empty() -> Self {
        Self::with_lock(L::FRESH)
    }
}

impl<P: Profile, L: FreshLock> Default for Heap<P, L> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<P: Profile, L: Lock> Heap<P, L> {
    /// Without a region, behind a lock of the caller's.
    pub const fn with_lock(lock: L) -> Self {
        let locked = Locked { profile: P::EMPTY, counters: Counters::ZERO, on_fault: None };
        Self { lock, locked: UnsafeCell::new(locked) }
    }

    #[inline(always)]
    fn hold<T>(&self, closure: impl FnOnce(&mut Locked<P>) -> T) -> T {
        // SAFETY: under the lock; no closure of ours comes here again.
        self.lock.hold(|| closure(unsafe { &mut *self.locked.get() }))
    }

    /// Takes the region over: `bytes` from `start` on.
    ///
    /// # Errors
    ///
    /// A region that is unaligned, too small or too large, at address 0 or beyond the end of memory is refused, and
    /// so is a second one. Then nothing has changed.
    ///
    /// # Safety
    ///
    /// The region is valid memory, and nobody else uses it for as long as the heap lives.
    pub unsafe fn init(&self, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
        // SAFETY: the caller's promise, and checked.
        self.adopt_by(start, bytes, |profile| unsafe { profile.adopt(start, bytes) })
    }

    /// A region that is checked first goes to the profile in the caller's way.
    #[inline(always)]
    pub(super) fn adopt_by(
        &self,
        start: *mut u8,
        bytes: usize,
        adopt: impl FnOnce(&mut P) -> Result<(), RegionError>,
    ) -> Result<(), RegionError> {
        self.hold(|locked| {
            check_region(&locked.profile, start, bytes)?;
            adopt(&mut locked.profile)
        })
    }

    /// The same with memory that is given away for good.
    ///
    /// # Errors
    ///
    /// As for [`Heap::init`]; of the memory, the first bytes are left out until one is aligned.
    pub fn init_with(&self, region: &'static mut [MaybeUninit<u8>]) -> Result<(), RegionError> {
        let start: *mut u8 = region.as_mut_ptr().cast();
        let lost = start.align_offset(super::profile::REGION_ALIGN).min(region.len());
        // SAFETY: borrowed mutably for ever.
        unsafe { self.init(start.wrapping_add(lost), region.len() - lost) }
    }

    /// The same with what lies between two addresses, as linker scripts name it:
    /// `HEAP.init_between(&raw mut __sheap, &raw mut __eheap)`.
    ///
    /// # Errors
    ///
    /// As for [`Heap::init`]; an end before the start wraps.
    ///
    /// # Safety
    ///
    /// As for [`Heap::init`].
    pub unsafe fn init_between<T>(&self, start: *mut T, end: *mut T) -> Result<(), RegionError> {
        let bytes = end.addr().checked_sub(start.addr()).ok_or(RegionError::Wraps)?;
        // SAFETY: the caller's promise.
        unsafe { self.init(start.cast(), bytes) }
    }

    /// What is to happen on a misuse: typically one line is printed, and the device stops. Without, it stops.
    pub fn on_fault(&self, hook: OnFault) {
        self.hold(|locked| locked.on_fault = Some(hook));
    }

    /// A block of at least the layout's bytes, or null; null also for no bytes.
    pub fn take(&self, layout: Layout) -> *mut u8 {
        if layout.size() == 0 { null_mut() } else { self.take_by(layout, |profile| profile.take(layout)) }
    }

    /// A block that the profile finds in the caller's way. The size is not 0.
    #[inline(always)]
    pub(super) fn take_by(&self, layout: Layout, take: impl FnOnce(&mut P) -> *mut u8) -> *mut u8 {
        self.hold(|locked| {
            let block = take(&mut locked.profile);
            if block.is_null() {
                locked.counters.refused();
            } else {
                locked.counters.took(Counters::measured(|| locked.profile.footprint(block, layout)));
            }
            block
        })
    }

    /// Takes a block back, or says what is wrong with it.
    ///
    /// # Errors
    ///
    /// A pointer that is not that of a live block is refused, as far as this can be seen, and nothing has changed.
    ///
    /// # Safety
    ///
    /// If the pointer is that of a live block, the layout is the one it was taken with, and nobody uses it any more.
    #[inline(always)]
    pub unsafe fn give(&self, block: *mut u8, layout: Layout) -> Result<(), FaultKind> {
        self.hold(|locked| {
            let bytes = Counters::measured(|| locked.profile.footprint(block, layout));
            // SAFETY: the caller's promise.
            unsafe { locked.profile.give(block, layout)? };
            locked.counters.gave(bytes);
            Ok(())
        })
    }

    /// Makes a block longer or shorter where it stands; false if there is no room behind it.
    ///
    /// # Errors
    ///
    /// As for [`Heap::give`].
    ///
    /// # Safety
    ///
    /// As for [`Heap::give`], of what is cut off. The new size is not 0.
    #[inline(always)]
    pub unsafe fn resize(&self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind> {
        self.hold(|locked| {
            let old = Counters::measured(|| locked.profile.footprint(block, layout));
            // SAFETY: the caller's promise.
            let resized = unsafe { locked.profile.resize(block, layout, bytes)? };
            if resized {
                // SAFETY: a layout that the caller has a block of.
                let layout = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
                locked.counters.gave(old);
                locked.counters.took(Counters::measured(|| locked.profile.footprint(block, layout)));
            }
            Ok(resized)
        })
    }

    /// Bytes that a live block takes, with what it is rounded up by.
    pub fn usable(&self, block: *mut u8, layout: Layout) -> usize {
        self.hold(|locked| locked.profile.footprint(block, layout))
    }

    /// What is in use, what is left, and in what pieces. Walks every hole under the lock: a snapshot for a console,
    /// not for an interrupt.
    pub fn stats(&self) -> HeapStats {
        self.hold(|locked| {
            let capacity = locked.profile.capacity();
            let mut stats = HeapStats {
                capacity,
                overhead: locked.profile.overhead() + mem::size_of::<Self>(),
                high_water: locked.counters.high_water(),
                failed: locked.counters.failed(),
                ..HeapStats::default()
            };
            locked.profile.holes(&mut |bytes| {
                stats.holes += 1;
                stats.free += bytes;
                stats.largest = stats.largest.max(bytes);
            });
            stats.used = capacity - stats.free;
            stats
        })
    }

    /// Walks every invariant.
    ///
    /// # Errors
    ///
    /// The first one that does not hold: something has written where it should not.
    pub fn audit(&self) -> Result<(), Broken> {
        self.hold(|locked| locked.profile.audit())
    }

    #[cold]
    #[inline(never)]
    fn fault(&self, kind: FaultKind, block: *mut u8) -> ! {
        let fault = Fault::at(kind, block.addr());
        if let Some(hook) = self.hold(|locked| locked.on_fault) {
            hook(&fault);
        }
        loop {
            core::hint::spin_loop();
        }
    }
}

// SAFETY: the profile's promise, under the lock.
unsafe impl<P: Profile, L: Lock> GlobalAlloc for Heap<P, L> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take_by(layout, |profile| profile.take(layout))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        if let Err(kind) = unsafe { self.give(block, layout) } {
            self.fault(kind, block);
        }
    }

    /// Where it stands if that can be; otherwise the contents are copied, outside of the lock.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        match unsafe { self.resize(block, layout, bytes) } {
            Ok(true) => return block,
            Ok(false) => {}
            Err(kind) => self.fault(kind, block),
        }
        // SAFETY: the caller's promise: rounded up to the alignment it is at most `isize::MAX`.
        let new = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        let moved = self.take_by(new, |profile| profile.take_moved(new, block));
        if !moved.is_null() {
            // SAFETY: both are live and so long; a block that could not be resized has grown.
            unsafe {
                moved.copy_from_nonoverlapping(block, layout.size());
                self.dealloc(block, layout);
            }
        }
        moved
    }
}
