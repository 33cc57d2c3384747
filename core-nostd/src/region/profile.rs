//! What a profile is: how the blocks of one region are found and taken back.

#![allow(unsafe_code, reason = "the trait's promises are the door's foundation")]

use core::alloc::Layout;
use core::fmt;

use crate::harden::FaultKind;
use crate::inspect::Broken;

/// Alignment that a region must have, in bytes.
pub const REGION_ALIGN: usize = 8;

/// Why a region was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RegionError {
    /// There is one already.
    Taken,
    /// It begins at address 0, which means "no block".
    AtZero,
    /// It does not begin at a multiple of [`REGION_ALIGN`].
    Unaligned,
    /// It has not room for a single block.
    TooSmall,
    /// It is larger than the profile can count: [`Profile::MOST_BYTES`].
    TooLarge,
    /// It ends beyond the end of memory.
    Wraps,
    /// There is no room for another region.
    TooMany,
    /// Part of it is in a region that is there already.
    Overlaps,
}

impl RegionError {
    /// What is wrong, and what helps.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Taken => "the heap has a region already: initialise it once",
            Self::AtZero => "the region begins at address 0: leave the first 8 bytes out",
            Self::Unaligned => "the region does not begin at a multiple of 8: align it",
            Self::TooSmall => "the region is too small for a single block: give it more",
            Self::TooLarge => "the region is too large for this profile: give it less, or take another profile",
            Self::Wraps => "the region ends beyond the end of memory: check its size",
            Self::TooMany => "there is no room for another region: raise their number",
            Self::Overlaps => "the region overlaps one that the heap has: add each byte once",
        }
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.words())
    }
}

impl core::error::Error for RegionError {}

/// Keeps the blocks of one region. Not locked: that is the door's.
///
/// # Safety
///
/// Blocks that are out lie in the region, aligned, disjoint and as long as was asked for, until they come back.
pub unsafe trait Profile {
    /// Without a region: every request is refused.
    const EMPTY: Self;
    /// Smallest region that is never too small, in bytes.
    const LEAST_BYTES: usize;
    /// Largest region, in bytes.
    const MOST_BYTES: usize;

    /// Takes a region over that the door found right: aligned, neither too large nor beyond the end of memory.
    ///
    /// # Safety
    ///
    /// Its memory is valid for as long as the profile lives, and nobody else uses it.
    unsafe fn adopt(&mut self, start: *mut u8, bytes: usize) -> Result<(), RegionError>;

    /// Whether a region can be taken over.
    fn has_room(&self) -> Result<(), RegionError>;

    /// A block, or null. The size is not 0.
    fn take(&mut self, layout: Layout) -> *mut u8;

    /// Takes a block back. What is refused changes nothing.
    ///
    /// # Safety
    ///
    /// A block that is out is given with its layout, and not used any more.
    unsafe fn give(&mut self, block: *mut u8, layout: Layout) -> Result<(), FaultKind>;

    /// Makes a block shorter or longer where it stands; false if there is no room. The new size is not 0.
    ///
    /// # Safety
    ///
    /// As for `give`; of a block that gets shorter, nobody uses the rest.
    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind>;

    /// A block for what does not fit where it stands any more.
    fn take_moved(&mut self, layout: Layout, old: *mut u8) -> *mut u8 {
        let _ = old;
        self.take(layout)
    }

    /// Calls back with the bytes of each hole.
    fn holes(&self, each: &mut dyn FnMut(usize));

    /// Bytes that blocks can have at most, all together.
    fn capacity(&self) -> usize;

    /// Bytes of the region that can never be blocks'.
    fn overhead(&self) -> usize;

    /// Bytes that a block takes of the capacity.
    fn footprint(&self, block: *mut u8, layout: Layout) -> usize;

    /// Walks every invariant.
    fn audit(&self) -> Result<(), Broken>;
}

/// What is wrong with a region for any profile. Its size is rounded down to a multiple of the alignment.
pub(super) fn check_region<P: Profile>(profile: &P, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
    profile.has_room()?;
    let wrong = [
        (start.is_null(), RegionError::AtZero),
        (!start.addr().is_multiple_of(REGION_ALIGN), RegionError::Unaligned),
        (start.addr().checked_add(bytes).is_none(), RegionError::Wraps),
        (bytes > P::MOST_BYTES, RegionError::TooLarge),
        (bytes < REGION_ALIGN, RegionError::TooSmall),
    ];
    match wrong.into_iter().find(|&(holds, _)| holds) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}
