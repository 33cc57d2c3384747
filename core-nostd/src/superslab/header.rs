//! What the pool knows of one superslab.

use crate::config::geometry::HEADER_BYTES;

/// What the pool knows of a superslab.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct SuperSlab {
    /// See `pool-mask`.
    pub free: u64,
    /// See `pool-dirty`.
    pub dirty: u64,
    /// When a slab of it was last taken or given back.
    pub touched_ms: u64,
    /// Slabs that a purge under way has.
    pub(super) purged: u64,
    /// True if its pages may have come as a huge one: given back in part, it is small pages after.
    pub(super) huge: bool,
    /// True if the provider was told to make it of huge pages.
    pub(super) asked: bool,
    /// True if all its slabs were used since it was last given back.
    pub(super) whole: bool,
    /// Slabs that are guards: of a span each, or, `spare`, of none. See `guard-slab`.
    pub guards: u64,
    /// See `guards`, which it is part of.
    pub(super) spare: u64,
}

impl SuperSlab {
    pub(super) const NONE: Self = Self {
        free: 0,
        dirty: 0,
        touched_ms: 0,
        purged: 0,
        huge: false,
        asked: false,
        whole: false,
        guards: 0,
        spare: 0,
    };

    /// Slabs whose pages are there: of a huge page that was used in part, all.
    pub(super) const fn resident(&self) -> u64 {
        if self.huge && self.dirty != 0 { u64::MAX } else { self.dirty }
    }

    /// Free slabs whose pages are there.
    pub const fn kept(&self) -> u64 {
        self.free & self.resident()
    }
}

const _: () = assert!(size_of::<SuperSlab>() == HEADER_BYTES, "a header is a cache line");
