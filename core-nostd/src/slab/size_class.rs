//! Sizes to classes and back.
//!
//! | classes | block bytes | kind |
//! |---|---|---|
//! | 0 | – | none: not ours, or nothing starts here |
//! | 1 | 8 | direct (half a granule: too small for the live map) |
//! | 2–17 | 16, 32 … 256 | magazine |
//! | 18–25 | 288, 320 … 512 | magazine |
//! | 26–33 | 576, 640 … 1,024 | magazine |
//! | 34–97 | eight a doubling to 256 KiB | direct |
//! | 98 | whole slabs to 1 MiB, a run each | run |
//!
//! Requests of 113 bytes and more leave at most an eighth of their block unused; smaller ones at most 15
//! bytes, which 16-byte alignment alone costs.

#![allow(unsafe_code, reason = "class numbers index tables without a check")]

use crate::config::geometry::{MEDIUM_MAX, RUN_MAX, SLAB_BYTES, SLAB_SHIFT, SMALL_MAX};

/// A class of block sizes; see the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SizeClass(pub u8);

/// Magazine classes are below this number, the ones that are none included.
pub const MAGAZINE_CLASSES: usize = 34;
/// All classes.
pub const CLASSES: usize = 99;

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
    /// The fewest slabs that hold a block.
    pub least_slabs: u8,
}

impl SizeClass {
    /// No class.
    pub const NONE: Self = Self(0);
    /// Blocks of 8 bytes.
    pub const PAIR: Self = Self(1);
    /// One block of whole slabs.
    pub const RUN: Self = Self(98);

    /// The class of a request of at most [`SMALL_MAX`] bytes: one load.
    #[inline(always)]
    pub const fn of_small(bytes: usize) -> Self {
        // SAFETY: callers ask for at most `SMALL_MAX` bytes.
        unsafe { core::hint::assert_unchecked(bytes <= SMALL_MAX) };
        Self(SMALL[(bytes + 7) >> 3])
    }

    /// The class of a request above [`SMALL_MAX`] and up to [`RUN_MAX`].
    pub const fn of_medium(bytes: usize) -> Self {
        if bytes > MEDIUM_MAX {
            return Self::RUN;
        }
        let last = bytes - 1;
        let top = last.ilog2();
        let eighth = (last >> (top - 3)) & 7;
        Self(MAGAZINE_CLASSES as u8 + (top as u8 - 10) * 8 + eighth as u8)
    }

    /// The class of any request up to [`RUN_MAX`].
    pub const fn of(bytes: usize) -> Self {
        if bytes <= SMALL_MAX { Self::of_small(bytes) } else { Self::of_medium(bytes) }
    }

    /// The smallest class for `bytes` whose blocks all start at multiples of `align`; `None` past
    /// [`RUN_MAX`]. Spans start at multiples of a slab, so a block size that is a multiple will do.
    pub fn aligned(bytes: usize, align: usize) -> Option<Self> {
        if bytes > RUN_MAX {
            return None;
        }
        let mut class = Self::of(if bytes < align && align <= RUN_MAX { align } else { bytes });
        if align <= 8 || (align <= 16 && class != Self::PAIR) {
            return Some(class);
        }
        if align <= SLAB_BYTES {
            while class.0 < Self::RUN.0 {
                if class != Self::PAIR && (class.shape().bytes as usize).is_multiple_of(align) {
                    return Some(class);
                }
                class.0 += 1;
            }
        }
        Some(Self::RUN)
    }

    /// True for the classes whose blocks pass through magazines and the live map.
    #[inline(always)]
    pub const fn has_magazine(self) -> bool {
        self.0 > Self::PAIR.0 && (self.0 as usize) < MAGAZINE_CLASSES
    }

    /// Its number, for a table of all classes.
    #[inline(always)]
    pub const fn index(self) -> usize {
        // SAFETY: `class-range`: only this file makes class numbers, and the live map and the records
        // hold nothing else.
        unsafe { core::hint::assert_unchecked((self.0 as usize) < CLASSES) };
        self.0 as usize
    }

    /// Its number, for a table of the magazine classes.
    #[inline(always)]
    pub const fn magazine_index(self) -> usize {
        // SAFETY: `class-range`: callers have a class that has magazines, or `NONE` or `PAIR`.
        unsafe { core::hint::assert_unchecked((self.0 as usize) < MAGAZINE_CLASSES) };
        self.0 as usize
    }

    /// Blocks of a span of `slabs` slabs.
    pub const fn capacity_of(self, slabs: usize) -> u16 {
        if self.0 == Self::RUN.0 {
            return 1;
        }
        ((((slabs as u64) << SLAB_SHIFT) * self.shape().reciprocal) >> 40) as u16
    }

    /// True for the classes of more than [`SMALL_MAX`] bytes whose spans have owners.
    #[inline(always)]
    pub const fn is_medium(self) -> bool {
        self.0.wrapping_sub(MAGAZINE_CLASSES as u8) < Self::RUN.0 - MAGAZINE_CLASSES as u8
    }

    /// What its blocks look like.
    #[inline(always)]
    pub const fn shape(self) -> &'static ClassShape {
        &SHAPES[self.index()]
    }
}

const fn class_bytes(class: usize) -> usize {
    match class {
        0 => 0,
        1 => 8,
        2..=17 => (class - 1) * 16,
        18..=25 => 256 + (class - 17) * 32,
        26..=33 => 512 + (class - 25) * 64,
        _ => (9 + (class - MAGAZINE_CLASSES) % 8) << (7 + (class - MAGAZINE_CLASSES) / 8),
    }
}

/// Slabs of a span: the fewest that hold enough blocks and leave at most a sixteenth over.
const fn span_slabs(bytes: usize) -> usize {
    if bytes <= SMALL_MAX {
        return 1;
    }
    let least = if bytes <= SLAB_BYTES { 4 } else { 1 };
    let (mut slabs, mut best, mut best_tail) = (1, 0, usize::MAX);
    while slabs <= 15 {
        let span = slabs << SLAB_SHIFT;
        let blocks = span / bytes;
        if blocks >= least && blocks <= 64 {
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

static SMALL: [u8; SMALL_MAX / 8 + 1] = {
    let mut table = [0; SMALL_MAX / 8 + 1];
    let (mut index, mut class) = (0, 1);
    while index < table.len() {
        while class_bytes(class) < index * 8 {
            class += 1;
        }
        table[index] = class as u8;
        index += 1;
    }
    table
};

static SHAPES: [ClassShape; CLASSES] = {
    let mut shapes = [ClassShape { reciprocal: 0, bytes: 0, capacity: 0, slabs: 0, least_slabs: 0 }; CLASSES];
    let mut class = 1;
    while class < CLASSES - 1 {
        let bytes = class_bytes(class);
        let slabs = span_slabs(bytes);
        assert!(slabs > 0, "every class has a span");
        shapes[class] = ClassShape {
            reciprocal: (1u64 << 40).div_ceil(bytes as u64),
            bytes: bytes as u32,
            capacity: ((slabs << SLAB_SHIFT) / bytes) as u16,
            slabs: slabs as u8,
            least_slabs: bytes.div_ceil(SLAB_BYTES) as u8,
        };
        class += 1;
    }
    shapes[CLASSES - 1].capacity = 1;
    shapes
};

const _: () =
    assert!(class_bytes(MAGAZINE_CLASSES - 1) == SMALL_MAX, "the last magazine class is the largest small size");
const _: () = assert!(class_bytes(CLASSES - 2) == MEDIUM_MAX, "the last medium class is the largest medium size");

#[cfg(test)]
mod tests;
