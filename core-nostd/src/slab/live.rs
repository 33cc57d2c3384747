//! What a byte of a live map says.
//!
//! | byte | says |
//! |---|---|
//! | 0 | nothing |
//! | the block's address · 2 + 1, its last eight bits | a block that starts here is the client's |
//! | 2 | a block that starts here was freed under a measure that holds on to what it knows of it (`freed-mark`) |
//! | 4, 20 … 116 | how much of its room the block before is |
//!
//! Blocks start at multiples of 8, so that the last four bits tell the kinds apart. What any other address is compared with
//! is odd as well, and whatever says something else is even: no bit of an address is tested beforehand.

use crate::base::sync::{AtomicU8, Ordering};

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Live(u8);

/// The last bits of each kind.
const KIND: u8 = 15;
const BLOCK: u8 = 1;
const MARK: u8 = 4;

impl Live {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self(0);
    /// A freed block that something is known of.
    pub(crate) const FREED: Self = Self(2);

    /// The client has this block.
    #[inline(always)]
    pub fn block(block: *mut u8) -> Self {
        Self(block.addr().wrapping_mul(2).wrapping_add(BLOCK as usize) as u8)
    }

    /// The block before ends in this eighth of the room's upper half.
    pub(crate) const fn mark(eighth: u8) -> Self {
        Self(eighth << 4 | MARK)
    }

    /// What a place holds then.
    #[inline(always)]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// What a place holds.
    #[inline(always)]
    pub(crate) fn at(place: &AtomicU8) -> Self {
        Self(place.load(Ordering::Relaxed))
    }

    /// A place holds that from now on.
    #[inline(always)]
    pub(crate) fn put(self, place: &AtomicU8) {
        place.store(self.0, Ordering::Relaxed);
    }

    /// A place holds that if it still held `before`; false if not.
    pub(crate) fn replace(self, place: &AtomicU8, before: Self) -> bool {
        place.compare_exchange(before.0, self.0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// A place holds that; what it held before.
    pub(crate) fn swap(self, place: &AtomicU8) -> Self {
        Self(place.swap(self.0, Ordering::AcqRel))
    }

    /// Where the block starts, in the granule of so many bytes, that the client has; none if he has none here.
    pub(crate) fn start(self, granule: usize) -> Option<usize> {
        (self.0 & KIND == BLOCK).then(|| usize::from(self.0 >> 1) & (granule - 1))
    }

    /// The eighth that a mark says; none if it is no mark.
    pub(crate) const fn eighth(self) -> Option<u8> {
        if self.0 & KIND == MARK { Some(self.0 >> 4) } else { None }
    }
}
