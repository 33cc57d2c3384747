//! Where a superslab is.
//!
//! `zone-range`: a zone's number is below [`ZONES`]. Numbers are made here alone, and 0 is one.

#![allow(unsafe_code, reason = "tells the compiler that a zone's number is in range")]

use core::hint::assert_unchecked;
use core::ops::{Index, IndexMut};

use crate::config::geometry::{SUPERSLAB_BYTES, SUPERSLAB_SHIFT, ZONES};

/// Which of an allocator's zones; see `zone-range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneNumber(usize);

impl ZoneNumber {
    /// The zone that the fast paths know.
    pub const FIRST: Self = Self(0);

    /// The zone that has so many before it, if there may be one.
    pub const fn new(before: usize) -> Option<Self> {
        if before < ZONES { Some(Self(before)) } else { None }
    }

    /// The first `count` zones.
    pub fn first(count: usize) -> impl DoubleEndedIterator<Item = Self> {
        (0..count.min(ZONES)).map(Self)
    }

    /// Zones before it.
    #[inline(always)]
    pub const fn index(self) -> usize {
        // SAFETY: `zone-range`.
        unsafe { assert_unchecked(self.0 < ZONES) };
        self.0
    }
}

/// What there is one of a zone.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct PerZone<T>(pub [T; ZONES]);

impl<T> PerZone<T> {
    /// Those of the first `count` zones.
    pub(crate) fn first(&self, count: usize) -> impl Iterator<Item = &T> {
        self.0.iter().take(count)
    }
}

impl<T> Index<ZoneNumber> for PerZone<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, zone: ZoneNumber) -> &T {
        &self.0[zone.index()]
    }
}

impl<T> IndexMut<ZoneNumber> for PerZone<T> {
    #[inline(always)]
    fn index_mut(&mut self, zone: ZoneNumber) -> &mut T {
        &mut self.0[zone.index()]
    }
}

/// Which superslab of its zone. It may be one that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SuperSlabNumber(usize);

impl SuperSlabNumber {
    /// The one at the zone's start.
    pub const FIRST: Self = Self(0);

    /// The one that has so many before it.
    #[inline(always)]
    pub const fn new(before: usize) -> Self {
        Self(before)
    }

    /// The first `count` ones.
    pub fn first(count: usize) -> impl DoubleEndedIterator<Item = Self> {
        (0..count).map(Self)
    }

    /// The one in which a byte of a zone lies.
    #[inline(always)]
    pub const fn at(offset: usize) -> Self {
        Self(offset >> SUPERSLAB_SHIFT)
    }

    /// Superslabs before it.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0
    }

    /// Bytes of the zone before it.
    pub const fn offset(self) -> usize {
        self.0 * SUPERSLAB_BYTES
    }

    /// The one before it, if there is one.
    pub fn before(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The one behind it.
    pub const fn behind(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A superslab of a zone; in the order of zones, and of superslabs in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The zone.
    pub zone: ZoneNumber,
    /// The superslab in it.
    pub superslab: SuperSlabNumber,
}

impl Place {
    /// Before or at all others.
    pub const FIRST: Self = Self { zone: ZoneNumber::FIRST, superslab: SuperSlabNumber::FIRST };
    /// Behind all others.
    pub const END: Self = Self { zone: ZoneNumber(ZONES - 1), superslab: SuperSlabNumber(usize::MAX) };
}

#[cfg(test)]
mod tests;
