//! The clients' large blocks by address, with those that are kept or wait, and the last that were freed.

#![allow(unsafe_code, reason = "the table stands in raw memory")]

use core::ptr;

use super::cache::Cache;
use super::mapping::Mapping;
use super::waiting::Waiting;

const HISTORY: usize = 64;
/// Slots of the first table.
pub(super) const FIRST_SLOTS: usize = 64;

/// See the file's head.
pub(super) struct Table {
    pub(super) slots: *mut Mapping,
    pub(super) capacity: usize,
    pub(super) count: usize,
    pub(super) cache: Cache,
    pub(super) waiting: Waiting,
    pub(super) history: [usize; HISTORY],
    pub(super) freed: usize,
    /// No mapping ever lay elsewhere.
    pub(super) lowest: usize,
    /// See `lowest`.
    pub(super) highest: usize,
}

// SAFETY: the pointers lead to memory that only the table's holder uses.
unsafe impl Send for Table {}

impl Table {
    /// Empty, without room.
    pub(super) const fn new() -> Self {
        Self {
            slots: ptr::null_mut(),
            capacity: 0,
            count: 0,
            cache: Cache::new(),
            waiting: Waiting::new(),
            history: [0; HISTORY],
            freed: 0,
            lowest: usize::MAX,
            highest: 0,
        }
    }

    pub(super) fn slot_of(&self, start: *mut u8) -> usize {
        ((start.addr() >> 12).wrapping_mul(0x9E37_79B9_7F4A_7C15_usize) >> 20) & (self.capacity - 1)
    }

    pub(super) fn slot(&mut self, at: usize) -> &mut Mapping {
        // SAFETY: callers mask with `capacity`; zeroed slots are valid, empty ones.
        unsafe { &mut *self.slots.add(at) }
    }

    /// The slot of a mapping, or the empty one where it would go.
    pub(super) fn find(&mut self, start: *mut u8) -> Option<usize> {
        if self.capacity == 0 {
            return None;
        }
        let mut at = self.slot_of(start);
        loop {
            let here = self.slot(at).start;
            if here.is_null() || here == start {
                return Some(at);
            }
            at = (at + 1) & (self.capacity - 1);
        }
    }

    pub(super) fn get(&mut self, start: *mut u8) -> Option<Mapping> {
        let at = self.find(start)?;
        let found = *self.slot(at);
        (!found.start.is_null()).then_some(found)
    }

    pub(super) fn has_room(&self) -> bool {
        self.count * 2 < self.capacity
    }

    /// Moves into `capacity` empty slots, which are more than it has; returns the old ones.
    pub(super) fn move_to(&mut self, slots: *mut Mapping, capacity: usize) -> (*mut Mapping, usize) {
        let (old, old_capacity) = (self.slots, self.capacity);
        (self.slots, self.capacity) = (slots, capacity);
        for at in 0..old_capacity {
            // SAFETY: the old slots are still there.
            let mapping = unsafe { *old.add(at) };
            if !mapping.start.is_null() {
                self.place(mapping);
            }
        }
        (old, old_capacity)
    }

    /// Notes that no block starts there any more.
    pub(super) fn remember(&mut self, start: *mut u8) {
        self.history[self.freed % HISTORY] = start.addr();
        self.freed += 1;
    }

    pub(super) fn place(&mut self, mapping: Mapping) {
        if let Some(at) = self.find(mapping.start) {
            *self.slot(at) = mapping;
            let start = mapping.start.addr();
            (self.lowest, self.highest) = (self.lowest.min(start), self.highest.max(start + mapping.bytes));
        }
    }

    /// Takes a mapping out that will come back: it goes on to count, so that nobody else takes its slot.
    pub(super) fn lift(&mut self, start: *mut u8) -> Option<Mapping> {
        let mut hole = self.find(start)?;
        let found = *self.slot(hole);
        if found.start.is_null() {
            return None;
        }
        // Close the gap: whoever probed past the hole moves into it.
        let mut at = hole;
        loop {
            at = (at + 1) & (self.capacity - 1);
            let next = *self.slot(at);
            if next.start.is_null() {
                break;
            }
            let home = self.slot_of(next.start);
            if (at.wrapping_sub(home) & (self.capacity - 1)) >= (at.wrapping_sub(hole) & (self.capacity - 1)) {
                *self.slot(hole) = next;
                hole = at;
            }
        }
        *self.slot(hole) = Mapping::NONE;
        Some(found)
    }

    pub(super) fn remove(&mut self, start: *mut u8) -> Option<Mapping> {
        let found = self.lift(start)?;
        self.count -= 1;
        Some(found)
    }
}
