//! All zones of an allocator, and the words that the hot paths of its first one read.

#![allow(unsafe_code, reason = "reads class numbers back, writes the words of the first zone")]

use core::mem::offset_of;
use core::{array, ptr};

use super::zone::Zone;
use crate::base::place::{PerZone, ZoneNumber};
use crate::base::sync::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use crate::config::geometry::{SMALL_MAX, TINY_MAX, ZONES};
use crate::config::map::MAPS;
use crate::slab::size_class::MAGAZINE_CLASSES;
use crate::slab::{Live, SizeClass};

/// See the file's head.
#[derive(Debug)]
#[repr(C)]
pub struct Zones {
    /// The first zone's live map of each magazine class (`map-word`).
    live: [AtomicPtr<u8>; MAGAZINE_CLASSES],
    /// The class of each size up to [`SMALL_MAX`], a fixed way from the above. Until blocks of 8 bytes have their live map,
    /// 16 serve.
    sizes: [AtomicU8; SMALL_MAX + 1],
    zones: PerZone<Zone>,
    count: AtomicUsize,
}

impl Zones {
    /// Bytes to the first zone.
    pub const FIRST_AT: usize = offset_of!(Self, zones);

    /// None yet: every address is foreign.
    pub const fn new() -> Self {
        Self {
            live: [const { AtomicPtr::new(ptr::null_mut()) }; MAGAZINE_CLASSES],
            sizes: {
                let mut sizes = [const { AtomicU8::new(0) }; SMALL_MAX + 1];
                let mut bytes = 0;
                while bytes <= SMALL_MAX {
                    let served = if bytes <= TINY_MAX { TINY_MAX + 1 } else { bytes };
                    sizes[bytes] = AtomicU8::new(SizeClass::of_small(served).number());
                    bytes += 1;
                }
                sizes
            },
            zones: PerZone([const { Zone::new() }; ZONES]),
            count: AtomicUsize::new(0),
        }
    }

    /// The zone that the fast paths know.
    #[inline(always)]
    pub fn first(&self) -> &Zone {
        &self.zones[ZoneNumber::FIRST]
    }

    /// Zone `number`, which need not be published.
    pub fn get(&self, number: ZoneNumber) -> &Zone {
        &self.zones[number]
    }

    /// Published zones.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// The numbers of published zones.
    pub fn numbers(&self) -> impl Iterator<Item = ZoneNumber> + use<> {
        ZoneNumber::first(self.count())
    }

    /// The zone whose committed part an address lies in.
    pub fn find(&self, pointer: *const u8) -> Option<&Zone> {
        self.numbers().map(|number| self.get(number)).find(|zone| zone.covers(pointer))
    }

    /// The class of each size up to [`SMALL_MAX`], for shims; [`LIVE_BEFORE_SIZES`] bytes before it are the live maps.
    #[inline(always)]
    pub const fn sizes(&self) -> *const u8 {
        (&raw const self.sizes).cast()
    }

    /// The class of a request of at most [`SMALL_MAX`] bytes: one load.
    #[inline(always)]
    pub fn class_of(&self, bytes: usize) -> SizeClass {
        // SAFETY: `class-range`: the table holds classes.
        unsafe { SizeClass::recorded(self.sizes[bytes].load(Ordering::Relaxed)) }
    }

    /// Blocks of 8 bytes have their live map: the hot path may look for them.
    pub fn serve_tiny(&self) {
        let tiny = SizeClass::TINY.number();
        self.sizes.iter().take(TINY_MAX + 1).for_each(|size| size.store(tiny, Ordering::Relaxed));
    }

    /// The place in its live map of a block of the first zone.
    #[inline(always)]
    pub fn live_place_of(&self, class: SizeClass, block: *mut u8) -> *mut u8 {
        let map = self.live[class.magazine_index()].load(Ordering::Relaxed);
        map.wrapping_add(block.addr() >> (map.addr() % usize::BITS as usize))
    }

    /// The place in its live map of a block of a magazine class of ours.
    pub fn live_place(&self, class: SizeClass, block: *mut u8) -> Option<&AtomicU8> {
        let zone = if self.first().covers(block) { self.first() } else { self.find(block)? };
        zone.live_place(class, block)
    }

    /// Forgets that a free block was freed under a measure that holds on to it.
    pub fn unmark_freed(&self, class: SizeClass, block: *mut u8) {
        if let Some(live) = self.live_place(class, block)
            && Live::at(live) == Live::FREED
        {
            Live::NOTHING.put(live);
        }
    }

    /// Publishes the next zone; the caller holds the pool's lock.
    pub fn publish(&self, number: ZoneNumber, base: *mut u8, maps: [*mut u8; MAPS], meta_end: *mut u8) {
        let zone = self.get(number);
        zone.set(base, maps, meta_end);
        if number == ZoneNumber::FIRST {
            let words = array::from_fn(|class| {
                let map = SizeClass::numbered(class).map();
                maps[map as usize].wrapping_sub(base.addr() >> map.shift())
            });
            // SAFETY: who reads them has a block of the zone, or a pointer into it, which is not there yet.
            unsafe { (&raw const self.live).cast::<[*mut u8; MAGAZINE_CLASSES]>().cast_mut().write(words) };
        }
        self.count.store(number.index() + 1, Ordering::Release);
    }
}

/// How far before the sizes the live maps stand, in bytes.
pub const LIVE_BEFORE_SIZES: usize = offset_of!(Zones, sizes) - offset_of!(Zones, live);

impl Default for Zones {
    fn default() -> Self {
        Self::new()
    }
}
