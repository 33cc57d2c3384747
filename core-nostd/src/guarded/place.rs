//! Where slots lie, and a block in its slot or on its plot: arithmetic alone.
//!
//! ```text
//! yard   guard | slot 0 | guard | slot 1 | guard | …      a guard is a page, a slot a few; all are shut but
//!              | block, margin | shut  |                  the pages of blocks in use: at the slot's start,
//!              | shut | margin, block, slack |            or at its end
//! plot   guard | margin, block, slack | guard             a mapping of its own for what no slot has room for
//! ```
//! A block of 0 bytes has no page: all around it is shut.

use crate::base::address::round_up;
use crate::config::geometry::TINY_MAX;

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

/// A block's place; its pages are counted from the slot's start, or the plot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The first of its pages.
    pub(super) pages: usize,
    /// Bytes of its pages.
    pub(super) pages_bytes: usize,
    /// The block, from there.
    pub(super) block: usize,
}

/// A plot, and the place on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) place: Place,
    /// Bytes of the plot, guards included.
    pub(super) bytes: usize,
    /// It starts at a multiple of this.
    pub(super) align: usize,
}

/// What an address is to the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// In a slot, so many bytes from its start.
    Slot(usize, usize),
    /// In the guard before a slot, which is also the one behind the slot before: so many bytes from its start.
    Guard(usize, usize),
}

/// What blocks of so many bytes start at multiples of.
fn natural(bytes: usize, align: usize) -> usize {
    align.max(if bytes <= TINY_MAX { 8 } else { 16 })
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
        let align = natural(bytes, align);
        if align > self.page || bytes > self.slot {
            return None;
        }
        if bytes == 0 {
            let middle = self.slot / self.page / 2 * self.page;
            return Some(Place { pages: middle, pages_bytes: 0, block: 0 });
        }
        let needed = round_up(bytes, align)?;
        let pages_bytes = round_up(needed, self.page)?;
        Some(if at_end {
            Place { pages: self.slot - pages_bytes, pages_bytes, block: pages_bytes - needed }
        } else {
            Place { pages: 0, pages_bytes, block: 0 }
        })
    }

    /// The plot of a block, at its pages' end or at their start; `None` past half of all addresses.
    pub(super) fn plot(self, bytes: usize, align: usize, at_end: bool) -> Option<Measured> {
        let (page, align) = (self.page, natural(bytes, align));
        let pages_bytes = round_up(bytes, page)?;
        // Who wants more than a page's alignment has the block at its pages' start.
        let front = page.max(align);
        let whole = front.checked_add(pages_bytes)?.checked_add(page).filter(|&whole| whole <= isize::MAX as usize)?;
        let slack = if at_end && align < page { pages_bytes - round_up(bytes, align)? } else { 0 };
        Some(Measured { place: Place { pages: front, pages_bytes, block: slack }, bytes: whole, align: front })
    }
}

#[cfg(test)]
mod tests;
