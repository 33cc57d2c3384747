//! What the pool knows of one superslab.

use crate::base::millis::Millis;
use crate::base::slab_mask::SlabMask;
use crate::config::geometry::HEADER_BYTES;

/// What the pool knows of a superslab.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct SuperSlab {
    /// See `pool-mask`.
    pub free: SlabMask,
    /// See `pool-dirty`.
    pub dirty: SlabMask,
    /// When a slab of it was last taken or given back.
    pub touched: Millis,
    /// True if its pages may have come as a huge one: given back in part, it is small pages after.
    pub(super) huge: bool,
    /// True if the provider was told to make it of huge pages.
    pub(super) asked: bool,
    /// True if all its slabs were used since it was last given back.
    pub(super) whole: bool,
    /// True if somebody else lay there when its zone grew: it has no slab.
    pub(super) absent: bool,
    /// Slabs that are guards: of a span each, or, `spare`, of none. See `guard-slab`.
    pub guards: SlabMask,
    /// See `guards`, which it is part of.
    pub(super) spare: SlabMask,
}

impl SuperSlab {
    pub(super) const NONE: Self = Self {
        free: SlabMask::NONE,
        dirty: SlabMask::NONE,
        touched: Millis::ZERO,
        huge: false,
        asked: false,
        whole: false,
        absent: false,
        guards: SlabMask::NONE,
        spare: SlabMask::NONE,
    };

    /// Slabs whose pages are there: of a huge page that was used in part, all.
    pub(super) const fn resident(&self) -> SlabMask {
        if self.huge && !self.dirty.is_empty() { SlabMask::ALL } else { self.dirty }
    }

    /// Free slabs whose pages are there.
    pub fn kept(&self) -> SlabMask {
        self.free & self.resident()
    }
}

/// What the index says of superslabs.
#[derive(Clone, Copy)]
pub(super) enum Has {
    /// They have a free slab.
    Free,
    /// They have one whose pages are there.
    Kept,
}

const _: () = assert!(size_of::<SuperSlab>() == HEADER_BYTES, "a header is a cache line");
