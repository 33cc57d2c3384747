//! Where the parts of a zone lie.

use super::pool::PoolZone;
use crate::config::geometry::{META_SHIFT, SUPERSLAB_BYTES};
use crate::config::map::{MAPS, Map};

#[cfg(test)]
mod tests;

/// Superslabs of a zone whose padding, less than one of them, is not worth saving.
const LARGE_ZONE: usize = 1 << 10;

/// Offsets of a zone's parts. Of each part the start is committed first; metadata grows downwards:
///
/// ```text
/// large   kinds → … live maps →            … ← metadata | index | blocks →
/// small   blocks → | live maps → | kinds → … ← metadata | index
/// ```
///
/// The live map of blocks of 8 bytes is an eighth of the blocks' addresses: where those are memory, it has none.
///
/// The index starts within the metadata. What stands right below the first block of a zone that grows to more than
/// 8 GiB is the index of superslabs that come last.
pub(super) struct Plan {
    pub(super) base: usize,
    /// Where the maps' parts begin; a map begins as many bytes into it as its shift (`map-word`).
    maps: [usize; MAPS],
    /// Where the metadata ends, and the rest of the pool's index starts.
    pub(super) meta_end: usize,
    pub(super) index_bytes: usize,
    pub(super) bytes: usize,
    page: usize,
    tiny: bool,
}

impl Plan {
    /// For so many superslabs; `tiny` if there are addresses for the live map of blocks of 8 bytes.
    pub(super) fn new(superslabs: usize, page: usize, tiny: bool) -> Self {
        let index_bytes = PoolZone::index_bytes(superslabs).next_multiple_of(page);
        let blocks = superslabs * SUPERSLAB_BYTES;
        let is_large = superslabs >= LARGE_ZONE;
        let mut maps = [0; MAPS];
        let mut end = if is_large { 0 } else { blocks };
        let mut order = Map::ALL;
        if is_large {
            order.reverse();
        }
        for map in order {
            maps[map as usize] = end;
            end += if tiny || map != Map::Tiny { map.part_bytes(superslabs, page) } else { 0 };
        }
        end += (superslabs << META_SHIFT) + index_bytes;
        let (base, meta_end, bytes) = if is_large {
            let base = end.next_multiple_of(SUPERSLAB_BYTES);
            (base, base - index_bytes, base + blocks)
        } else {
            (0, end - index_bytes, end)
        };
        Self { base, maps, meta_end, index_bytes, bytes, page, tiny }
    }

    /// Where each map begins that the zone has.
    pub(super) fn maps(&self) -> [Option<usize>; MAPS] {
        Map::ALL.map(|map| (self.tiny || map != Map::Tiny).then(|| self.maps[map as usize] + map.shift() as usize))
    }

    /// Offset and length of what the first superslabs need, blocks of 8 bytes as well or not; neighbours are one part.
    pub(super) fn parts(&self, superslabs: usize, tiny: bool) -> [(usize, usize); MAPS + 2] {
        let map = |map: Map| {
            let superslabs = if (tiny && self.tiny) || map != Map::Tiny { superslabs } else { 0 };
            (self.maps[map as usize], map.part_bytes(superslabs, self.page))
        };
        let meta = (self.meta_end - (superslabs << META_SHIFT), (superslabs << META_SHIFT) + self.index_bytes);
        let blocks = (self.base, superslabs * SUPERSLAB_BYTES);
        if self.base == 0 {
            [blocks, map(Map::Tiny), map(Map::Fine), map(Map::Middle), map(Map::Coarse), map(Map::Kinds), meta]
        } else {
            [
                map(Map::Kinds),
                map(Map::Coarse),
                map(Map::Middle),
                map(Map::Fine),
                map(Map::Tiny),
                (meta.0, meta.1 + blocks.1),
                (self.bytes, 0),
            ]
        }
    }
}
