//! What lies at an address, for the words of a crash: no lock is waited for, and only records are read.

#![allow(unsafe_code, reason = "looks spans up by address")]

use super::Allocator;
use super::give::block_bytes;
use crate::base::place::{Place, SuperSlabNumber, ZoneNumber};
use crate::base::sync::Ordering;
use crate::config::geometry::{FRAME_SHIFT, META_SHIFT, SUPERSLAB_BYTES};
use crate::config::map::Map;
use crate::pages::PageProvider;
use crate::slab::SizeClass;
use crate::slab::area::Area;
use crate::slab::frames::Frame;
use crate::slab::size_class::CLASSES;
use crate::superslab::Zone;

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// In a block that is in use, of so many bytes; 0 where that is not known.
    Block(usize),
    /// In a block that is free.
    FreeBlock(usize),
    /// In a slab that is free.
    Free,
    /// In what is known of blocks.
    Records,
}

impl<P: PageProvider> Allocator<P> {
    /// What an address is to the zones; `None` outside of them. Guarded and large blocks are not.
    #[doc(hidden)]
    pub fn ground(&self, address: usize) -> Option<Ground> {
        let zones = &self.territory.zones;
        zones.numbers().find_map(|number| {
            let zone = zones.get(number);
            let superslabs = zone.superslabs();
            let lies = |start: *mut u8, bytes: usize| address.wrapping_sub(start.addr()) < bytes;
            if lies(zone.base(), superslabs * SUPERSLAB_BYTES) {
                return self.is_ours(number, address).then(|| of_blocks(zone, address));
            }
            let meta = zone.meta(SuperSlabNumber::new(superslabs.saturating_sub(1)));
            let is_in = |map: Map| lies(zone.map(map), superslabs * map.superslab_bytes());
            let known =
                self.territory.live_maps().chain([Map::Kinds]).any(is_in) || lies(meta, superslabs << META_SHIFT);
            known.then_some(Ground::Records)
        })
    }

    /// False if somebody else lies in a zone at this address; true where that cannot be asked now.
    fn is_ours(&self, zone: ZoneNumber, address: usize) -> bool {
        let superslab = self.territory.zones.get(zone).superslab_of(address);
        self.territory.pool.try_lock().is_none_or(|mut pool| !pool.is_absent(Place { zone, superslab }))
    }

    /// True if an address lies in a block of more than 1 MiB: it is no other allocator's.
    #[doc(hidden)]
    pub fn is_in_large(&self, address: usize) -> bool {
        self.large.covers(address)
    }

    /// Slabs in use by class.
    #[doc(hidden)]
    pub fn slabs_by_class(&self) -> [u32; CLASSES] {
        let mut slabs = [0; CLASSES];
        self.territory.pool.lock().for_each(|place, header| {
            // SAFETY: committed, as the pool knows it.
            let records = unsafe { self.territory.zones.get(place.zone).records(place.superslab) };
            for (index, record) in records.iter().enumerate() {
                let class = record.class();
                if !header.free.contains(index) && class != SizeClass::NONE {
                    slabs[class.index()] += 1;
                }
            }
        });
        slabs
    }
}

/// The address is covered by the zone.
fn of_blocks(zone: &Zone, address: usize) -> Ground {
    // SAFETY: just checked by the caller.
    let (slab, offset) = unsafe { zone.span_of(address) };
    let class = slab.class();
    if class == SizeClass::NONE {
        return Ground::Free;
    }
    if class == SizeClass::EXTENT {
        return match Area::of(slab).at(offset >> FRAME_SHIFT) {
            Frame::Block(_, frames) => Ground::Block(frames << FRAME_SHIFT),
            Frame::Waiting(_, frames) => Ground::FreeBlock(frames << FRAME_SHIFT),
            Frame::Free(_) => Ground::Free,
        };
    }
    if class == SizeClass::STARTER {
        return Ground::Block(0);
    }
    let (index, _) = slab.block_at(offset);
    let bytes = class.shape().bytes as usize;
    let is_live = if class.has_magazine() {
        let start = slab.base.load(Ordering::Relaxed).wrapping_add(index * bytes);
        zone.is_live(class, start)
    } else {
        index < slab.carved.load(Ordering::Relaxed).into() && !slab.is_free(index)
    };
    if is_live { Ground::Block(block_bytes(zone, slab, offset)) } else { Ground::FreeBlock(bytes) }
}
