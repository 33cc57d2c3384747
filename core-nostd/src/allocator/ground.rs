//! What lies at an address, for the words of a crash: no lock is waited for, and only records are read.

#![allow(unsafe_code, reason = "looks spans up by address")]

use super::Allocator;
use super::give::block_bytes;
use crate::base::sync::Ordering;
use crate::config::geometry::{LIVE_MAP_BYTES, META_SHIFT, SLAB_SHIFT, SUPERSLAB_BYTES, SUPERSLAB_SLABS};
use crate::pages::PageProvider;
use crate::slab::SizeClass;
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
    /// In what is reserved for blocks and was never committed.
    Reserve,
    /// In what is known of blocks.
    Records,
}

impl<P: PageProvider> Allocator<P> {
    /// What an address is to the zones; `None` outside of them. Guarded and large blocks are not.
    pub fn ground(&self, address: usize) -> Option<Ground> {
        let zones = &self.territory.zones;
        (0..zones.count()).find_map(|number| {
            let zone = zones.get(number);
            let pool = self.territory.pool.try_lock();
            let superslabs = pool.map_or(zone.superslabs(), |pool| pool.superslabs_of(number));
            let lies = |start: *mut u8, bytes: usize| address.wrapping_sub(start.addr()) < bytes;
            if lies(zone.base(), zone.superslabs() * SUPERSLAB_BYTES) {
                return Some(of_blocks(zone, address));
            }
            if lies(zone.base(), superslabs * SUPERSLAB_BYTES) {
                return Some(Ground::Reserve);
            }
            let meta = zone.meta(superslabs.saturating_sub(1));
            let known = lies(zone.live_base(), superslabs * LIVE_MAP_BYTES) || lies(meta, superslabs << META_SHIFT);
            known.then_some(Ground::Records)
        })
    }

    /// Slabs in use by class.
    pub fn slabs_by_class(&self) -> [u32; CLASSES] {
        let mut slabs = [0; CLASSES];
        self.territory.pool.lock().for_each(|number, superslab, header| {
            // SAFETY: committed, as the pool knows it.
            let records = unsafe { self.territory.zones.get(number).records(superslab) };
            for (index, record) in records.iter().enumerate() {
                let class = record.class();
                if header.free >> (index % SUPERSLAB_SLABS) & 1 == 0 && class != SizeClass::NONE {
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
    if class == SizeClass::RUN {
        return Ground::Block(usize::from(slab.slabs.load(Ordering::Relaxed)) << SLAB_SHIFT);
    }
    if class == SizeClass::STARTER {
        return Ground::Block(0);
    }
    let (index, _) = slab.block_at(offset);
    let bytes = class.shape().bytes as usize;
    let is_live = if class.has_magazine() {
        let start = slab.base.load(Ordering::Relaxed).wrapping_add(index * bytes);
        zone.live_place(start).is_some_and(|live| live.load(Ordering::Relaxed) != 0)
    } else {
        !slab.is_free(index)
    };
    if is_live { Ground::Block(block_bytes(zone, slab, offset)) } else { Ground::FreeBlock(bytes) }
}
