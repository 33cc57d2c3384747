//! The ledger: which sheet or mapping starts at an address. A hash table in pages of its own; where a bucket is full,
//! a table of twice the size goes before the others, and entries stay where they are.
//!
//! | `start` of an entry | means | left by |
//! |---|---|---|
//! | 0 | nobody's | `enter` → `BUSY` |
//! | `BUSY` | in somebody's hands | `enter` → an address, `strike` → 0 |
//! | an address | a plot starts there, `plot` says what it is | `strike` → `BUSY` |

#![allow(unsafe_code, reason = "tables stand in raw pages")]

use core::ptr::{self, NonNull};

use super::sheet::Sheet;
use crate::base::address::round_up;
use crate::base::sync::{AtomicPtr, Ordering};
use crate::pages::PageProvider;

/// Entries of a bucket.
const BUCKET: usize = 8;
const FIRST_ENTRIES: usize = 128;
const BUSY: *mut u8 = ptr::without_provenance_mut(1);
/// Set in `plot` if it is a sheet's address.
const SHEET: usize = 1;

/// What starts at an address.
pub(super) enum Plot<'a> {
    /// A sheet.
    Sheet(&'a Sheet),
    /// A block with a mapping of its own, of so many bytes.
    Mapping(usize),
}

struct Entry {
    start: AtomicPtr<u8>,
    /// Bytes of a mapping, as an address; or a sheet's record, and a bit.
    plot: AtomicPtr<u8>,
}

#[repr(C)]
struct Table {
    next: *const Table,
    entries: usize,
}

/// See the file's head.
pub(super) struct Ledger {
    first: AtomicPtr<Table>,
}

impl Table {
    fn bytes(provider: &impl PageProvider, entries: usize) -> Option<usize> {
        round_up((entries + 1) * size_of::<Entry>(), provider.page_bytes())
    }

    /// The entries among which one with this start is.
    fn bucket(&self, start: NonNull<u8>) -> &[Entry] {
        let hash = (start.addr().get() >> 12).wrapping_mul(0x9E37_79B9_7F4A_7C15_usize) >> 20;
        let at = (hash & (self.entries - 1)) & !(BUCKET - 1);
        // SAFETY: behind the head stand so many entries, and zeroed memory is a valid one.
        unsafe { core::slice::from_raw_parts(ptr::from_ref(self).cast::<Entry>().add(1 + at), BUCKET) }
    }
}

const _: () = assert!(size_of::<Table>() == size_of::<Entry>(), "the head takes the first entry's place");

impl Plot<'_> {
    fn pack(&self) -> *mut u8 {
        match self {
            Self::Sheet(sheet) => ptr::from_ref(*sheet).cast_mut().cast::<u8>().map_addr(|address| address | SHEET),
            Self::Mapping(bytes) => ptr::without_provenance_mut(*bytes),
        }
    }
}

impl Ledger {
    pub(super) const fn new() -> Self {
        Self { first: AtomicPtr::new(ptr::null_mut()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.load(Ordering::Relaxed).is_null()
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        // SAFETY: a table in the list is never unmapped, and is written before it is there.
        let first = unsafe { self.first.load(Ordering::Acquire).as_ref() };
        // SAFETY: as above.
        core::iter::successors(first, |table| unsafe { table.next.as_ref() })
    }

    fn entry(&self, start: NonNull<u8>) -> Option<&Entry> {
        let is_it = |entry: &&Entry| entry.start.load(Ordering::Acquire) == start.as_ptr();
        self.tables().find_map(|table| table.bucket(start).iter().find(is_it))
    }

    pub(super) fn find(&self, start: NonNull<u8>) -> Option<Plot<'_>> {
        let plot = self.entry(start)?.plot.load(Ordering::Relaxed);
        if plot.addr() & SHEET == 0 {
            return Some(Plot::Mapping(plot.addr()));
        }
        // SAFETY: a sheet in the ledger stays.
        Some(Plot::Sheet(unsafe { &*plot.map_addr(|address| address & !SHEET).cast::<Sheet>() }))
    }

    /// Enters what starts there; false if memory is out.
    pub(super) fn enter(&self, provider: &impl PageProvider, start: NonNull<u8>, plot: Plot<'_>) -> bool {
        let take = |entry: &&Entry| {
            let free = ptr::null_mut();
            entry.start.compare_exchange(free, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        loop {
            if let Some(entry) = self.tables().find_map(|table| table.bucket(start).iter().find(take)) {
                entry.plot.store(plot.pack(), Ordering::Relaxed);
                entry.start.store(start.as_ptr(), Ordering::Release);
                return true;
            }
            if !self.grow(provider) {
                return false;
            }
        }
    }

    /// Takes a mapping out; its bytes, for one caller of all.
    pub(super) fn strike(&self, start: NonNull<u8>) -> Option<usize> {
        let entry = self.entry(start)?;
        entry.start.compare_exchange(start.as_ptr(), BUSY, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let bytes = entry.plot.load(Ordering::Relaxed).addr();
        entry.start.store(ptr::null_mut(), Ordering::Release);
        Some(bytes)
    }

    fn grow(&self, provider: &impl PageProvider) -> bool {
        let first = self.first.load(Ordering::Acquire);
        // SAFETY: as in `tables`.
        let entries = unsafe { first.as_ref() }.map_or(FIRST_ENTRIES, |table| table.entries * 2);
        let Some(bytes) = Table::bytes(provider, entries) else { return false };
        let Some(room) = provider.map(bytes, provider.page_bytes()) else { return false };
        let table = room.cast::<Table>().as_ptr();
        // SAFETY: the room is that long and ours.
        unsafe { table.write(Table { next: first, entries }) };
        if self.first.compare_exchange(first, table, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            // SAFETY: somebody was faster, and nobody has seen this one.
            unsafe { provider.release(room, bytes) };
        }
        true
    }
}
