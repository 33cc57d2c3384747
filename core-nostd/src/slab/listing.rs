//! Where a slab is listed in its heap, and when it no longer belongs there.

#[cfg(test)]
mod tests;

use super::{SizeClass, Slab};

/// Where a span is listed.
///
/// | place | meaning | moved by |
/// |---|---|---|
/// | `CURRENT` | the one that its class takes from | refill, when it has nothing left → `FULL` |
/// | `FULL` | no free block; in no list | a free → a bucket |
/// | 0–3 | in that bucket; 0 holds the fullest | refill → `CURRENT`, the last free → the pool |
pub(crate) type Listing = u8;
/// See [`Listing`].
pub(crate) const CURRENT: Listing = 254;
/// See [`Listing`].
pub(crate) const FULL: Listing = 255;
/// Buckets of slabs by how full they are.
pub(crate) const BUCKETS: usize = 4;

impl Slab {
    /// Where it is listed.
    #[inline(always)]
    pub(crate) fn listing(&self) -> Listing {
        self.listing.get()
    }

    /// It is listed there from now on.
    #[inline]
    pub(crate) fn set_listing(&self, listing: Listing) {
        self.listing.set(listing);
        let capacity = u32::from(self.capacity.get());
        self.stays.set(match listing {
            CURRENT => 0,
            FULL => u16::MAX,
            _ if !self.has_buckets() => 1,
            bucket => (capacity - capacity * (u32::from(bucket) + 1) / 4).max(1) as u16,
        });
    }

    /// True if so many blocks came back that it belongs elsewhere than where it is listed.
    #[inline(always)]
    pub fn is_misplaced(&self) -> bool {
        self.used.get() < self.stays.get()
    }

    /// Where the blocks are few, moving between buckets costs more than it packs: all stay in the first.
    fn has_buckets(&self) -> bool {
        self.capacity.get() > 64 && self.class() != SizeClass::STARTER
    }

    /// The bucket for as full as it is now: 0 is the fullest.
    pub fn bucket(&self) -> u8 {
        if !self.has_buckets() {
            return 0;
        }
        let (free, capacity) = (self.free_blocks() as u32, u32::from(self.capacity.get()));
        u8::from(free * 4 > capacity) + u8::from(free * 4 > capacity * 2) + u8::from(free * 4 > capacity * 3)
    }
}
