//! The one type that a shim holds: every request comes in here. Stands on everything.
//!
//! ```text
//! take   front (magazine) ─┐ slow: refill      to 256 KiB
//!        heap (direct)     │                   many blocks of 8 – 32 KiB
//!        pool (run)        │                   – 1 MiB
//!        large (mapping)   ┘                   above
//!        guarded                               one of many of the slow path, if that is set
//! give   the slab's kind says the class, its live map that it lives ─ front ─ flush
//!        else the slab's record says: direct, run, or what is wrong
//!        else the slots of guarded blocks
//!        else the table of large blocks
//!        else not ours
//! a fork is under way    shared parts are out of reach: refuge, backlog
//! ```

#![allow(unsafe_code, reason = "blocks are given back on trust, fronts are lent as raw memory")]

mod backlog;
mod census;
mod fall;
mod fork;
mod give;
mod ground;
mod hardened;
mod late;
mod maintain;
mod prewarm;
mod relief;
mod resize;
mod sized;
mod take;
mod thread;

use backlog::Backlog;

use core::mem::offset_of;

use crate::base::sync::AtomicU64;
use crate::config::geometry::{FINE_MAX, PACKED_MAX, ROOM_MAX, SMALL_MAX};
use crate::config::settings::Settings;
use crate::guarded::{Guarded, Sight};
use crate::heap::{Front, Gate, Heap, Heaps};
use crate::large::Large;
use crate::pages::PageProvider;
use crate::slab::SizeClass;
use crate::superslab::{Territory, Zone, Zones};

pub use ground::Ground;
pub use thread::Thread;

/// Bytes from an allocator's start to what its hot paths read.
#[derive(Clone, Copy, Debug)]
pub struct Offsets {
    /// The address of the first zone.
    pub base: usize,
    /// The address of the first zone's kinds.
    pub kinds: usize,
}

/// An allocator over a page provider.
///
/// Who gives a block back, or resizes it, promises that it was handed out to him and that nobody uses it any more:
/// these methods are unsafe. A pointer that is no live block's is refused with a [`Fault`](crate::Fault) as far as
/// that can be seen, and then nothing has changed. All else is safe, whatever the arguments are.
///
/// Methods that take a [`Front`] are for shims that keep one for each thread: who makes it promises that it comes to
/// this allocator alone. [`Allocator::enter`] does the same without a promise.
pub struct Allocator<P: PageProvider> {
    territory: Territory<P>,
    large: Large<P>,
    guarded: Guarded<P>,
    heaps: Heaps<P>,
    gate: Gate<P>,
    backlog: Backlog,
    last_round_ms: AtomicU64,
}

impl<P: PageProvider> Allocator<P> {
    /// An allocator that has reserved nothing yet.
    pub const fn new(provider: P) -> Self {
        let settings = Settings::new();
        Self {
            // SAFETY: used here by the rules of its layer.
            territory: unsafe { Territory::new(provider, settings.purge_delay_ms) },
            // SAFETY: as above.
            large: unsafe { Large::new(settings.large_cache_bytes) },
            guarded: Guarded::new(),
            // SAFETY: as above.
            heaps: unsafe { Heaps::new() },
            gate: Gate::new(),
            backlog: Backlog::new(),
            last_round_ms: AtomicU64::new(0),
        }
    }

    /// Where its pages come from.
    pub fn provider(&self) -> &P {
        &self.territory.provider
    }

    /// What is known of an address among guarded blocks. Takes no lock, so that a signal handler may ask.
    #[doc(hidden)]
    pub fn sight(&self, address: usize) -> Option<Sight<'_>> {
        self.guarded.sight(address)
    }

    /// malloc's hot path; null if [`Allocator::take_slow`] must run.
    #[inline(always)]
    pub fn take(&self, front: &Front, bytes: usize) -> *mut u8 {
        front.take(&self.territory.zones, bytes)
    }

    /// Bytes of the first zone, for shims.
    #[doc(hidden)]
    #[inline(always)]
    pub fn zone_bytes(&self) -> usize {
        self.territory.zones.first().bytes()
    }

    /// Where shims find what their hot paths read.
    #[doc(hidden)]
    pub const OFFSETS: Offsets = {
        let zone = offset_of!(Self, territory) + offset_of!(Territory<P>, zones) + Zones::FIRST_AT;
        Offsets { base: zone + Zone::BASE_AT, kinds: zone + Zone::KINDS_AT }
    };

    /// The class of a small size.
    #[doc(hidden)]
    #[inline(always)]
    pub fn class_of_size(&self, bytes: usize) -> SizeClass {
        self.territory.zones.class_of(bytes)
    }

    /// The classes of small sizes, and [`crate::seam::LIVE_BEFORE_SIZES`] bytes before them the live maps.
    #[doc(hidden)]
    #[inline(always)]
    pub const fn sizes(&self) -> *const u8 {
        self.territory.zones.sizes()
    }

    /// free's hot path; false if [`Allocator::give_slow`] must run.
    ///
    /// # Safety
    ///
    /// If a block starts there, it is the caller's to give back, and nobody uses it any more.
    #[inline(always)]
    pub unsafe fn give(&self, front: &Front, pointer: *mut u8) -> bool {
        front.give(&self.territory.zones, pointer)
    }

    /// The next path after [`Allocator::take`]: up to the largest room; null if it is not that, or the thread has none at
    /// hand.
    #[inline(always)]
    pub fn take_medium(&self, front: &Front, bytes: usize) -> *mut u8 {
        if bytes <= SMALL_MAX || bytes > ROOM_MAX {
            return core::ptr::null_mut();
        }
        let block = front.take_medium(&self.territory.zones, bytes);
        match own_heap(front) {
            Some(heap) if block.is_null() && bytes > FINE_MAX && bytes <= PACKED_MAX => {
                heap.take_listed(SizeClass::of_packed(bytes))
            }
            _ => block,
        }
    }

    /// The next path after [`Allocator::give`]: a warm thread's own packed blocks; false if it is not that.
    ///
    /// # Safety
    ///
    /// If a block starts there, it is the caller's to give back, and nobody uses it any more.
    #[inline(always)]
    pub unsafe fn give_packed(&self, front: &Front, pointer: *mut u8) -> bool {
        let zone = self.territory.zones.first();
        let Some(heap) = own_heap(front) else { return false };
        if !zone.covers(pointer) {
            return false;
        }
        // SAFETY: just checked.
        let (slab, offset) = unsafe { zone.span_of(pointer.addr()) };
        heap.give_packed(slab, offset)
    }

    /// A front, for shims that keep only a pointer to it; `None` if memory is out.
    ///
    /// # Safety
    ///
    /// All calls that it is used for are this allocator's.
    #[doc(hidden)]
    pub unsafe fn lend_front(&self) -> Option<&Front> {
        // Nobody is inside the gate without a front.
        let room = self.territory.refuge.allot::<Front>(&self.territory.provider)?;
        // SAFETY: the room is ours and large enough; the caller's promise.
        unsafe { room.write(Front::new()) };
        // SAFETY: written just now; such room is never unmapped.
        Some(unsafe { room.as_ref() })
    }

    /// Takes a lent front back.
    ///
    /// # Safety
    ///
    /// It came from [`Allocator::lend_front`], its thread's end was told, and nobody uses it.
    #[doc(hidden)]
    pub unsafe fn return_front(&self, front: *const Front) {
        if let Some(room) = core::ptr::NonNull::new(front.cast_mut()) {
            self.territory.refuge.return_room(&self.territory.provider, room);
        }
    }
}

/// The heap of the calling thread, whose front that is; none while the thread is cold.
#[inline(always)]
fn own_heap(front: &Front) -> Option<&Heap> {
    // SAFETY: heaps are never unmapped, and this one is the calling thread's.
    unsafe { front.heap.get().as_ref() }
}
