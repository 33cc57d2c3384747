//! The maps of a zone: bytes that say something of each stretch of its addresses.

use super::geometry::{SLAB_SHIFT, SUPERSLAB_BYTES};

/// See the file's head. A class's live map is as coarse as it can be with one block's start a byte, which says where in
/// its up to 128 bytes it is ([`crate::slab::Live`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Map {
    /// Live blocks of 8 bytes: a byte each 8. It is there from the first such block on.
    Tiny,
    /// Live blocks below 64 bytes: a byte each 16.
    Fine,
    /// Live blocks below 128 bytes: a byte each 64.
    Middle,
    /// Live blocks above: a byte each 128.
    Coarse,
    /// The kinds: a byte each slab.
    Kinds,
}

/// How many there are.
pub(crate) const MAPS: usize = Map::ALL.len();

impl Map {
    /// All.
    pub(crate) const ALL: [Self; 5] = [Self::Tiny, Self::Fine, Self::Middle, Self::Coarse, Self::Kinds];
    /// The live maps.
    pub(crate) const LIVE: [Self; 4] = [Self::Tiny, Self::Fine, Self::Middle, Self::Coarse];

    /// The live map of blocks of so many bytes.
    pub(crate) const fn of(bytes: usize) -> Self {
        match bytes {
            0..16 => Self::Tiny,
            16..64 => Self::Fine,
            64..128 => Self::Middle,
            _ => Self::Coarse,
        }
    }

    /// log2 of the bytes for which it has one.
    pub(crate) const fn shift(self) -> u32 {
        match self {
            Self::Tiny => 3,
            Self::Fine => 4,
            Self::Middle => 6,
            Self::Coarse => 7,
            Self::Kinds => SLAB_SHIFT,
        }
    }

    /// Its bytes for a superslab.
    pub(crate) const fn superslab_bytes(self) -> usize {
        SUPERSLAB_BYTES >> self.shift()
    }

    /// Bytes of the part of it that a zone's first superslabs need, in whole pages: it starts as many bytes into the
    /// first one as its shift (`map-word`). A page's bytes are a power of two.
    pub(crate) const fn part_bytes(self, superslabs: usize, page: usize) -> usize {
        let bytes = superslabs * self.superslab_bytes() + self.shift() as usize;
        if superslabs == 0 { 0 } else { (bytes + page - 1) & !(page - 1) }
    }
}
