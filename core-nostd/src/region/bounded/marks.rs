//! One bit a granule, outside the blocks: where live blocks begin and end.
//!
//! ```text
//! granules   ‖ live  live  live ‖ free  free ‖ live ‖ live  live ‖
//! marks    1    1     0     1      0     0      1      1     1      1
//! ```
//! The first and the last granule of a live block carry a one, all others a zero. So the bit before a block tells
//! whether the block before is free (it ends in 0), the bit behind it whether the next one is (it begins with 0), and
//! the block's own bits whether it is live: three questions, two reads. Before the first granule and behind the last
//! stands a one, as if blocks were there.

use core::ptr::null_mut;

use crate::harden::FaultKind;

/// The bits. Granules count from 1.
pub(super) struct Marks(*mut u8);

/// Whether holes touch a block.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    pub(super) is_free_before: bool,
    pub(super) is_free_behind: bool,
}

impl Beside {
    pub(super) const NOTHING: Self = Self { is_free_before: false, is_free_behind: false };
}

impl Marks {
    pub(super) const NONE: Self = Self(null_mut());

    /// Bytes for so many granules: two bits more, and a byte, so that two bits can be read as one `u16`.
    pub(super) const fn bytes(granules: usize) -> usize {
        (granules + 2).div_ceil(8) + 1
    }

    /// All free.
    ///
    /// # Safety
    ///
    /// There are as many bytes as [`Marks::bytes`] says, for as long as the marks live.
    pub(super) unsafe fn new(start: *mut u8, granules: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { start.write_bytes(0, Self::bytes(granules)) };
        let marks = Self(start);
        // SAFETY: the bits at both ends.
        unsafe {
            marks.set(0);
            marks.set(granules + 1);
        }
        marks
    }

    /// The bits from the one of a granule on, as they stand: shifted by its place in a byte.
    #[inline(always)]
    unsafe fn bits(&self, at: usize) -> u32 {
        // SAFETY: the granule has a bit; `bytes` leaves a byte behind it.
        u32::from(unsafe { self.0.add(at / 8).cast::<u16>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(&self, at: usize, bits: u32) {
        // SAFETY: as for `bits`.
        unsafe { self.0.add(at / 8).cast::<u16>().write_unaligned(bits as u16) };
    }

    /// Whether a granule is marked.
    ///
    /// # Safety
    ///
    /// It has a bit.
    pub(super) unsafe fn is_set(&self, at: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.bits(at) >> (at % 8) & 1 == 1 }
    }

    /// Takes the marks of the block away that stands from behind `before` to `last`, and tells what is beside it. If
    /// it is not marked as one, nothing has changed.
    ///
    /// # Safety
    ///
    /// The granules lie in the region.
    #[inline(always)]
    pub(super) unsafe fn clear(&self, before: usize, last: usize) -> Result<Beside, FaultKind> {
        // SAFETY: the caller's promise.
        unsafe {
            let (start, front) = (2 << (before % 8), self.bits(before));
            if front & start == 0 {
                return Err(FaultKind::DoubleFree);
            }
            self.store(before, front & !start);
            let (end, back) = (1 << (last % 8), self.bits(last));
            // Of a block of one granule the only mark is gone already.
            if back & end == 0 && last != before + 1 {
                self.store(before, front);
                return Err(FaultKind::WrongSize);
            }
            self.store(last, back & !end);
            Ok(Beside { is_free_before: front & start >> 1 == 0, is_free_behind: back & end << 1 == 0 })
        }
    }

    /// Marks a granule.
    ///
    /// # Safety
    ///
    /// It has a bit.
    #[inline(always)]
    pub(super) unsafe fn set(&self, at: usize) {
        // SAFETY: the caller's promise.
        unsafe { *self.0.add(at / 8) |= 1 << (at % 8) };
    }
}
