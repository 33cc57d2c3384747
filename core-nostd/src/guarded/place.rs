//! Where slots lie, and a block in its slot: arithmetic alone.
//!
//! ```text
//! guard | slot 0 | guard | slot 1 | guard | …      a guard is a page, a slot a few; all are shut but
//!       | block, margin | shut  |                  the pages of blocks in use: at the slot's start,
//!       | shut | margin, block, slack |            or at its end
//! ```

use crate::base::address::round_up;
use crate::config::geometry::PAIR_MAX;

/// Bytes of a slot, where pages are no larger.
const SLOT_BYTES: usize = 16 << 10;

/// The shape of all slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) page: usize,
    /// Bytes of a slot, guards not counted.
    pub(super) slot: usize,
    pub(super) count: usize,
}

/// A block's place in its slot; offsets are from the slot's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: usize,
    /// The first of its pages.
    pub(super) pages: usize,
    /// Bytes of its pages.
    pub(super) pages_bytes: usize,
}

/// What an address is to the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// In a slot, so many bytes from its start.
    Slot(usize, usize),
    /// In the guard before a slot, which is also the one behind the slot before: so many bytes from its start.
    Guard(usize, usize),
}

impl Plan {
    pub(super) const fn new(count: usize, page: usize) -> Self {
        Self { page, slot: if page > SLOT_BYTES { page } else { SLOT_BYTES }, count }
    }

    /// Bytes of all slots and guards; `None` past the end of memory.
    pub(super) fn bytes(self) -> Option<usize> {
        (self.slot + self.page).checked_mul(self.count)?.checked_add(self.page)
    }

    /// Where a slot starts.
    pub(super) const fn start(self, number: usize) -> usize {
        self.page + number * (self.slot + self.page)
    }

    /// What lies at an offset, which is below [`Plan::bytes`].
    pub(super) fn spot(self, offset: usize) -> Spot {
        let whole = self.slot + self.page;
        let number = offset.checked_div(whole).unwrap_or(0);
        let within = offset - number * whole;
        if within < self.page { Spot::Guard(number, within) } else { Spot::Slot(number, within - self.page) }
    }

    /// The place of a block: at its slot's end, or at its start. `None` if it does not fit.
    pub(super) fn place(self, bytes: usize, align: usize, at_end: bool) -> Option<Place> {
        let align = align.max(if bytes <= PAIR_MAX { 8 } else { 16 });
        let needed = round_up(bytes.max(1), align)?;
        if align > self.page || needed > self.slot {
            return None;
        }
        let pages_bytes = round_up(needed, self.page)?;
        Some(if at_end {
            Place { block: self.slot - needed, pages: self.slot - pages_bytes, pages_bytes }
        } else {
            Place { block: 0, pages: 0, pages_bytes }
        })
    }
}

#[cfg(test)]
mod tests;
