//! Sizes to classes and back.
//!
//! | classes | block bytes | kind |
//! |---|---|---|
//! | 0 | – | none: not ours, or nothing starts here |
//! | 1 | 8 | magazine |
//! | 2–17 | 16, 32 … 256 | magazine |
//! | 18–25 | 288, 320 … 512 | magazine |
//! | 26–33 | 576, 640 … 1,024 | magazine |
//! | 34–57 | eight a doubling to 8 KiB: shares of a span | magazine |
//! | 58–60 | 16, 32, 64 KiB | magazine: rooms |
//! | 61–76 | eight a doubling from 8 KiB to 32 KiB | direct: packed |
//! | 77 | 16 | starter: the first blocks of every class up to 8 KiB ([`super::starter`]) |
//! | 78 | runs of frames, to 1 MiB | extent ([`super::area`]) |
//!
//! A **room** is a power of two. Its block is as long as the request asks, to an eighth of a doubling: the
//! rest is address space that nobody touches, unless an earlier block of the room did. Where a thread has
//! many blocks of 8 to 32 KiB, further ones are **packed**: then no address between them is left over.
//!
//! Above 1 KiB a class is what a span divided by a number of blocks leaves for each: two classes of which as many
//! fit a span would be one class too many.
//!
//! Requests of 113 bytes and more leave at most an eighth of their block unused; smaller ones at most 15
//! bytes, which 16-byte alignment alone costs.

#![allow(unsafe_code, reason = "class numbers index tables without a check")]

use crate::config::geometry::{
    EXTENT_MAX, FINE_MAX, GRANULE_SHIFT, PACKED_MAX, ROOM_MAX, SLAB_BYTES, SLAB_FRAMES, SLAB_SHIFT, SMALL_MAX, TINY_MAX,
};
use crate::config::map::Map;

/// A class of block sizes; see the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SizeClass(u8);

/// Classes with more than 64 blocks a span are below this number.
pub(crate) const CROWDED_CLASSES: usize = 25;
/// The first class of more than [`SMALL_MAX`] bytes.
const FINE: u8 = 34;
/// The first room.
const ROOM: u8 = 58;
/// Magazine classes are below this number, the ones that are none included.
pub(crate) const MAGAZINE_CLASSES: usize = 61;
/// The first packed class.
pub(crate) const PACKED: usize = MAGAZINE_CLASSES;
/// Packed classes.
pub(crate) const PACKED_CLASSES: usize = 16;
/// All classes.
pub const CLASSES: usize = 79;

/// What the blocks of a class look like.
#[derive(Clone, Copy, Debug)]
pub struct ClassShape {
    /// `ceil(2^40 / bytes)`: an offset times this, shifted right by 40, is the block's index.
    pub reciprocal: u64,
    /// Bytes of a block.
    pub bytes: u32,
    /// Blocks of a span.
    pub capacity: u16,
    /// Slabs of a span.
    pub slabs: u8,
    /// The live map that its blocks are in, if it has magazines.
    pub(crate) map: Map,
}

impl SizeClass {
    /// No class.
    pub const NONE: Self = Self(0);
    /// Blocks of 8 bytes.
    pub const TINY: Self = Self(1);
    /// Slabs that hold the first blocks of many classes; as many blocks as granules, to who only counts.
    pub const STARTER: Self = Self(77);
    /// Areas, whose blocks are runs of frames.
    pub const EXTENT: Self = Self(CLASSES as u8 - 1);

    /// The class of this number; [`SizeClass::NONE`] where there is no such class.
    pub(crate) const fn numbered(number: usize) -> Self {
        if number < CLASSES { Self(number as u8) } else { Self::NONE }
    }

    /// The class that a byte of the kinds or of a record says.
    ///
    /// # Safety
    ///
    /// The byte is a class's [`SizeClass::number`]: `class-range`.
    #[inline(always)]
    pub const unsafe fn recorded(number: u8) -> Self {
        Self(number)
    }

    /// What the kinds and the records hold of it.
    #[inline(always)]
    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    /// All classes, [`SizeClass::NONE`] included.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..CLASSES).map(Self::numbered)
    }

    /// The classes of up to [`SMALL_MAX`] bytes.
    pub(crate) fn all_small() -> impl Iterator<Item = Self> {
        (Self::TINY.index()..=Self::of(SMALL_MAX).index()).map(Self::numbered)
    }

    /// The classes that have magazines.
    pub(crate) fn all_with_magazines() -> impl Iterator<Item = Self> {
        (Self::TINY.index()..MAGAZINE_CLASSES).map(Self::numbered)
    }

    /// The packed class of this number among them.
    pub(crate) const fn packed(number: u32) -> Self {
        Self::numbered(PACKED + number as usize)
    }

    /// The class before it.
    pub(crate) const fn smaller(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The class of a request of at most [`SMALL_MAX`] bytes: one load.
    #[inline(always)]
    pub const fn of_small(bytes: usize) -> Self {
        Self(SMALL[bytes])
    }

    /// The class of a request above [`SMALL_MAX`] and up to [`FINE_MAX`].
    #[inline(always)]
    pub(crate) const fn of_fine(bytes: usize) -> Self {
        Self(FINE_CLASSES[(bytes - SMALL_MAX - 1) >> 4])
    }

    /// The room of a request above [`FINE_MAX`] and up to [`ROOM_MAX`], and the eighth of its upper half in which
    /// the block ends.
    #[inline(always)]
    pub const fn of_room(bytes: usize) -> (Self, u8) {
        let (top, eighth) = eighths(bytes);
        (Self(ROOM + (top as u8 - 13)), eighth)
    }

    /// The packed class of a request above [`FINE_MAX`] and up to [`PACKED_MAX`].
    #[inline(always)]
    pub const fn of_packed(bytes: usize) -> Self {
        let (top, eighth) = eighths(bytes);
        Self(PACKED as u8 + (top as u8 - 13) * 8 + eighth)
    }

    /// The class of any request up to [`EXTENT_MAX`]: where there is a room, that one.
    pub const fn of(bytes: usize) -> Self {
        if bytes <= SMALL_MAX {
            Self::of_small(bytes)
        } else if bytes <= FINE_MAX {
            Self::of_fine(bytes)
        } else if bytes <= ROOM_MAX {
            Self::of_room(bytes).0
        } else {
            Self::EXTENT
        }
    }

    /// The smallest class for `bytes` whose blocks all start at multiples of `align`; `None` past
    /// [`EXTENT_MAX`]. Spans start at multiples of a slab, so a block size that is a multiple will do.
    pub fn aligned(bytes: usize, align: usize) -> Option<Self> {
        if bytes > EXTENT_MAX {
            return None;
        }
        let mut class = Self::of(if bytes < align && align <= EXTENT_MAX { align } else { bytes });
        if align <= 8 || (align <= 16 && class != Self::TINY) {
            return Some(class);
        }
        if align <= SLAB_BYTES {
            while class.has_magazine() {
                if (class.shape().bytes as usize).is_multiple_of(align) {
                    return Some(class);
                }
                class.0 += 1;
            }
        }
        Some(Self::EXTENT)
    }

    /// Bytes of the blocks of class `number`, or words where they differ.
    pub const fn words(number: usize) -> Result<usize, &'static str> {
        match number {
            77 => Err("first blocks"),
            78 => Err("blocks of 64 KiB to 1 MiB"),
            _ => Ok(if number < CLASSES { Self(number as u8).shape().bytes as usize } else { 0 }),
        }
    }

    /// True if the class is a room.
    pub const fn is_room(self) -> bool {
        self.0 >= ROOM && (self.0 as usize) < MAGAZINE_CLASSES
    }

    /// True if a live map can say of its blocks that they were freed.
    pub const fn has_freed_marks(self) -> bool {
        self.has_magazine() || self.0 == Self::STARTER.0
    }

    /// Bytes of the room's block that ends in this eighth; the whole room where none is known.
    pub const fn bytes_to(self, eighth: Option<u8>) -> usize {
        let room = self.shape().bytes as usize;
        match eighth {
            Some(eighth) => room / 16 * (9 + eighth as usize),
            None => room,
        }
    }

    /// The live map that its blocks are in, if it has magazines.
    #[inline(always)]
    pub(crate) const fn map(self) -> Map {
        self.shape().map
    }

    /// What its blocks start at multiples of.
    pub const fn alignment(self) -> usize {
        if self.0 == Self::TINY.0 { TINY_MAX } else { 1 << GRANULE_SHIFT }
    }

    /// True for the classes whose blocks pass through magazines and the live maps.
    #[inline(always)]
    pub const fn has_magazine(self) -> bool {
        self.0 > Self::NONE.0 && (self.0 as usize) < MAGAZINE_CLASSES
    }

    /// Its number, for a table of all classes.
    #[inline(always)]
    pub const fn index(self) -> usize {
        // SAFETY: `class-range`: only this file makes class numbers, and the kinds and the records
        // hold nothing else.
        unsafe { core::hint::assert_unchecked((self.0 as usize) < CLASSES) };
        self.0 as usize
    }

    /// Its number, for a table of the magazine classes.
    #[inline(always)]
    pub const fn magazine_index(self) -> usize {
        // SAFETY: `class-range`: callers have a class that has magazines, or `NONE`, as the kinds do.
        unsafe { core::hint::assert_unchecked((self.0 as usize) < MAGAZINE_CLASSES) };
        self.0 as usize
    }

    /// The number of the block that covers `offset` bytes into a span.
    #[inline(always)]
    pub const fn block_at(self, offset: usize) -> usize {
        ((offset as u64 * self.shape().reciprocal) >> 40) as usize
    }

    /// Blocks of a span of `slabs` slabs.
    pub const fn capacity_of(self, slabs: usize) -> u16 {
        if self.0 == Self::EXTENT.0 {
            return (slabs * SLAB_FRAMES) as u16;
        }
        self.block_at(slabs << SLAB_SHIFT) as u16
    }

    /// True if many pages of its spans may stay untouched while all blocks are out: those behind a block in its room, and
    /// behind
    /// a block of an area.
    pub(crate) const fn leaves_tails(self) -> bool {
        self.is_room() || self.0 == Self::EXTENT.0
    }

    /// True for the packed classes.
    #[inline(always)]
    pub const fn is_packed(self) -> bool {
        self.0.wrapping_sub(PACKED as u8) < PACKED_CLASSES as u8
    }

    /// What its blocks look like.
    #[inline(always)]
    pub const fn shape(self) -> &'static ClassShape {
        &SHAPES[self.index()]
    }
}

/// log2 of the power of two below a request, and in which eighth of the way to the next one it ends.
#[inline(always)]
const fn eighths(bytes: usize) -> (u32, u8) {
    // Never 0 for the sizes that come here; so the compiler knows.
    let last = (bytes - 1) | 1 << 3;
    let top = last.ilog2();
    (top, ((last >> (top - 3)) & 7) as u8)
}

/// Bytes of the classes above [`SMALL_MAX`] and up to [`FINE_MAX`]: a slab, or two, divided by a number of blocks and
/// rounded down to a cache line. 4,368 is not rounded: it is a page of SQLite's with its header.
const FINE_BYTES: [u16; (ROOM - FINE) as usize] = [
    1_088, 1_152, 1_280, 1_408, 1_536, 1_664, 1_792, 2_048, 2_176, 2_304, 2_496, 2_688, 2_944, 3_264, 3_584, 4_096,
    4_368, 4_672, 4_992, 5_440, 5_952, 6_528, 7_232, 8_192,
];

const fn class_bytes(class: usize) -> usize {
    match class {
        0 => 0,
        1 => 8,
        2..=17 => (class - 1) * 16,
        18..=25 => 256 + (class - 17) * 32,
        26..=33 => 512 + (class - 25) * 64,
        34..=57 => FINE_BYTES[class - 34] as usize,
        58..=60 => (16 << 10) << (class - 58),
        77 => 16,
        PACKED..=76 => (9 + (class - PACKED) % 8) << (10 + (class - PACKED) / 8),
        _ => 0,
    }
}

/// Slabs of a span: the fewest that hold enough blocks and leave at most a sixteenth over.
const fn span_slabs(bytes: usize) -> usize {
    if bytes <= SMALL_MAX {
        return 1;
    }
    let (mut slabs, mut best, mut best_tail) = (1, 0, usize::MAX);
    while slabs <= 15 {
        let span = slabs << SLAB_SHIFT;
        let blocks = span / bytes;
        if blocks >= 4 && blocks <= 64 {
            let tail = span - blocks * bytes;
            if tail * 16 <= span {
                return slabs;
            }
            if tail < best_tail {
                (best, best_tail) = (slabs, tail);
            }
        }
        slabs += 1;
    }
    best
}

/// The class of each size up to [`SMALL_MAX`]. A byte a size: a kibibyte of cache for two instructions less than a byte
/// for each eight sizes.
pub(crate) static SMALL: [u8; SMALL_MAX + 1] = {
    let mut table = [0; SMALL_MAX + 1];
    let (mut index, mut class) = (0, 1);
    while index < table.len() {
        while class_bytes(class) < index {
            class += 1;
        }
        table[index] = class as u8;
        index += 1;
    }
    table
};

/// The class of each 16 bytes above [`SMALL_MAX`] and up to [`FINE_MAX`].
static FINE_CLASSES: [u8; (FINE_MAX - SMALL_MAX) / 16] = {
    let mut table = [0; (FINE_MAX - SMALL_MAX) / 16];
    let (mut index, mut class) = (0, FINE);
    while index < table.len() {
        while class_bytes(class as usize) < SMALL_MAX + (index + 1) * 16 {
            class += 1;
        }
        table[index] = class;
        index += 1;
    }
    table
};

static SHAPES: [ClassShape; CLASSES] = {
    let mut shapes = [ClassShape { reciprocal: 0, bytes: 0, capacity: 0, slabs: 0, map: Map::Fine }; CLASSES];
    let mut class = 1;
    while class < CLASSES - 1 {
        let bytes = class_bytes(class);
        if bytes == 0 {
            class += 1;
            continue;
        }
        let is_room = class >= ROOM as usize && class < MAGAZINE_CLASSES;
        let slabs = if is_room { bytes.div_ceil(SLAB_BYTES) } else { span_slabs(bytes) };
        assert!(slabs > 0, "every class has a span");
        shapes[class] = ClassShape {
            reciprocal: (1u64 << 40).div_ceil(bytes as u64),
            bytes: bytes as u32,
            capacity: ((slabs << SLAB_SHIFT) / bytes) as u16,
            slabs: slabs as u8,
            map: Map::of(bytes),
        };
        class += 1;
    }
    shapes[CLASSES - 1].capacity = 1;
    shapes
};

const _: () = assert!(class_bytes(FINE as usize - 1) == SMALL_MAX, "the last small class is the largest small size");
const _: () = assert!(class_bytes(ROOM as usize - 1) == FINE_MAX, "the last fine class is the largest fine size");
const _: () = assert!(class_bytes(MAGAZINE_CLASSES - 1) == ROOM_MAX, "the last room is the largest");
const _: () = assert!(class_bytes(PACKED + PACKED_CLASSES - 1) == PACKED_MAX, "the last packed class is the largest");

#[cfg(test)]
mod tests;
