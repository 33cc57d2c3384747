//! The one type that a shim holds: every request comes in here. Stands on everything.
//!
//! ```text
//! take   front (magazine) ─┐ slow: refill      to 256 KiB, but not 8 B
//!        heap (direct)     │                   8 B, and many blocks of 8 – 32 KiB
//!        pool (run)        │                   – 1 MiB
//!        large (mapping)   ┘                   above
//!        guarded                               one of many of the slow path, if that is set
//! give   live map says the class ─ front ─ flush
//!        else the slab's record says: direct, run, or what is wrong
//!        else the slots of guarded blocks
//!        else the table of large blocks
//!        else not ours
//! ```

#![allow(unsafe_code, reason = "sized frees are taken on trust, fronts are lent as raw memory")]

mod census;
mod fall;
mod fork;
mod give;
mod ground;
mod hardened;
mod maintain;
mod prewarm;
mod relief;
mod resize;
mod sized;
mod take;

use crate::base::sync::{AtomicU8, AtomicU64};
use crate::config::geometry::{FINE_MAX, PACKED_MAX, PAIR_MAX, ROOM_MAX, SMALL_MAX};
use crate::config::settings::Settings;
use crate::guarded::{Guarded, Sight};
use crate::heap::{Front, Heap, Heaps};
use crate::large::Large;
use crate::pages::PageProvider;
use crate::slab::SizeClass;
use crate::superslab::Territory;

pub use ground::Ground;

/// An allocator over a page provider. Every method that takes a [`Front`] wants the calling thread's own.
pub struct Allocator<P: PageProvider> {
    territory: Territory<P>,
    large: Large<P>,
    guarded: Guarded<P>,
    heaps: Heaps<P>,
    last_round_ms: AtomicU64,
}

impl<P: PageProvider> Allocator<P> {
    /// An allocator that has reserved nothing yet.
    pub const fn new(provider: P) -> Self {
        let settings = Settings::new();
        Self {
            territory: Territory::new(provider, settings.purge_delay_ms),
            large: Large::new(settings.large_cache_bytes),
            guarded: Guarded::new(),
            heaps: Heaps::new(),
            last_round_ms: AtomicU64::new(0),
        }
    }

    /// Where its pages come from.
    pub fn provider(&self) -> &P {
        &self.territory.provider
    }

    /// What is known of an address among guarded blocks. Takes no lock, so that a signal handler may ask.
    pub fn sight(&self, address: usize) -> Option<Sight<'_>> {
        self.guarded.sight(address)
    }

    /// malloc's hot path; null if [`Allocator::take_slow`] must run.
    #[inline(always)]
    pub fn take(&self, front: &Front, bytes: usize) -> *mut u8 {
        front.take(self.territory.zones.first(), bytes)
    }

    /// The place of a pointer in the first zone's live map if a block of a magazine class can start there.
    #[inline(always)]
    pub fn live_place(&self, pointer: *mut u8) -> Option<&AtomicU8> {
        self.territory.zones.first().live_place(pointer)
    }

    /// Enters a block in the live map that a shim popped from the calling thread's front by itself.
    ///
    /// # Safety
    ///
    /// It came from that front's magazine of this class.
    #[inline(always)]
    pub unsafe fn hand_out(&self, class: SizeClass, block: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { Front::hand_out(self.territory.zones.first(), class, block) }
    }

    /// free's hot path; false if [`Allocator::give_slow`] must run.
    #[inline(always)]
    pub fn give(&self, front: &Front, pointer: *mut u8) -> bool {
        front.give(self.territory.zones.first(), pointer)
    }

    /// The next path after [`Allocator::take`]: up to the largest room, and 8 bytes; null if it is not that,
    /// or the thread has none at hand.
    #[inline(always)]
    pub fn take_medium(&self, front: &Front, bytes: usize) -> *mut u8 {
        if bytes <= SMALL_MAX || bytes > ROOM_MAX {
            return if bytes <= PAIR_MAX { self.take_pair(front) } else { core::ptr::null_mut() };
        }
        let block = front.take_medium(self.territory.zones.first(), bytes);
        match own_heap(front) {
            Some(heap) if block.is_null() && bytes > FINE_MAX && bytes <= PACKED_MAX => {
                heap.take_listed(SizeClass::of_packed(bytes))
            }
            _ => block,
        }
    }

    /// A block of 8 bytes; null if the thread is cold, or its heap has none at hand.
    #[inline(always)]
    pub fn take_pair(&self, front: &Front) -> *mut u8 {
        own_heap(front).map_or(core::ptr::null_mut(), Heap::take_pair)
    }

    /// Takes a block of 8 bytes back that is of the thread's own heap; false if it is not that.
    #[inline(always)]
    pub fn give_pair(&self, front: &Front, pointer: *mut u8) -> bool {
        let zone = self.territory.zones.first();
        let Some(heap) = own_heap(front) else { return false };
        if !zone.covers(pointer) {
            return false;
        }
        // SAFETY: just checked.
        let (slab, offset) = unsafe { zone.slab_of(pointer.addr()) };
        heap.give_pair(&self.territory, slab, offset)
    }

    /// The next path after [`Allocator::give`]: a warm thread's own packed blocks, and those of 8 bytes; false if
    /// it is not that.
    #[inline(always)]
    pub fn give_packed(&self, front: &Front, pointer: *mut u8) -> bool {
        let zone = self.territory.zones.first();
        let Some(heap) = own_heap(front) else { return false };
        if !zone.covers(pointer) {
            return false;
        }
        // SAFETY: just checked.
        let (slab, offset) = unsafe { zone.span_of(pointer.addr()) };
        heap.give_packed(slab, offset) || heap.give_pair(&self.territory, slab, offset)
    }

    /// Room for a front, for shims that keep only a pointer to it; `None` if memory is out.
    pub fn lend_front(&self) -> Option<&Front> {
        let room = self.territory.store.take(&self.territory.provider, size_of::<Front>())?.cast::<Front>();
        // SAFETY: the room is ours and large enough.
        unsafe { room.write(Front::new()) };
        // SAFETY: written just now; the store never unmaps.
        Some(unsafe { room.as_ref() })
    }

    /// Takes a lent front back.
    ///
    /// # Safety
    ///
    /// It came from [`Allocator::lend_front`], its thread's end was told, and nobody uses it.
    pub unsafe fn return_front(&self, front: *const Front) {
        let Some(room) = core::ptr::NonNull::new(front.cast_mut()) else {
            return;
        };
        // SAFETY: taken from the store with this size.
        unsafe { self.territory.store.give(&self.territory.provider, room.cast(), size_of::<Front>()) };
    }
}

/// The heap of the calling thread, whose front that is; none while the thread is cold.
#[inline(always)]
fn own_heap(front: &Front) -> Option<&Heap> {
    // SAFETY: heaps are never unmapped, and this one is the calling thread's.
    unsafe { front.heap.get().as_ref() }
}
