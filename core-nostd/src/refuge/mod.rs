//! The refuge: blocks for calls that may not touch what is shared, because a fork is under way. Stands on pages.
//!
//! It has no lock, and it is whole at every instruction: the child of a fork finds it in the midst of whatever other
//! threads did there, and goes on with it. At worst a place that somebody was just taking is never used again.
//!
//! ```text
//! up to 32 KiB   a sheet of blocks of the next power of two
//! above          a mapping of its own
//! the ledger     address → sheet or mapping
//! ```
//! What is the allocator's own stands on sheets that the ledger does not know: no client's pointer leads there.

#![allow(unsafe_code, reason = "maps and unmaps")]

mod ledger;
mod sheet;

use core::ptr::NonNull;

use ledger::{Ledger, Plot};
use sheet::{LEAST_SHIFT, MOST_BYTES, SHEET_BYTES, Sheet, Sheets};

use crate::base::address::{align_down, round_up};
use crate::base::sync::{AtomicUsize, Ordering};
use crate::harden::{Fault, FaultKind};
use crate::pages::PageProvider;

/// See the file's head.
pub struct Refuge {
    blocks: Sheets,
    own: Sheets,
    ledger: Ledger,
    mappings: AtomicUsize,
    sheets: AtomicUsize,
}

impl Refuge {
    /// Nothing mapped yet.
    pub const fn new() -> Self {
        let zero = AtomicUsize::new;
        let (mappings, sheets) = (zero(0), zero(0));
        Self { blocks: Sheets::new(), own: Sheets::new(), ledger: Ledger::new(), mappings, sheets }
    }

    /// Bytes of blocks with mappings of their own.
    pub fn mappings(&self) -> usize {
        self.mappings.load(Ordering::Relaxed)
    }

    /// Bytes of sheets.
    pub fn sheets(&self) -> usize {
        self.sheets.load(Ordering::Relaxed)
    }

    /// A block at a multiple of `align`, a power of two, and of 16; true beside it if it reads as zero.
    pub fn take(&self, provider: &impl PageProvider, bytes: usize, align: usize) -> Option<(NonNull<u8>, bool)> {
        let least = bytes.max(align).max(1 << LEAST_SHIFT);
        if least > MOST_BYTES {
            return self.take_mapping(provider, bytes, align);
        }
        let block = self.blocks.take(least, || {
            let sheet = Sheet::map(provider, least)?;
            if self.ledger.enter(provider, sheet.start(), Plot::Sheet(sheet)) {
                self.sheets.fetch_add(SHEET_BYTES, Ordering::Relaxed);
                return Some(sheet);
            }
            sheet.unmap(provider);
            None
        })?;
        Some((block, false))
    }

    fn take_mapping(&self, provider: &impl PageProvider, bytes: usize, align: usize) -> Option<(NonNull<u8>, bool)> {
        let page = provider.page_bytes();
        let bytes = round_up(bytes.max(1), page).filter(|&bytes| bytes <= isize::MAX as usize)?;
        let start = provider.map(bytes, align.max(page))?;
        if self.ledger.enter(provider, start, Plot::Mapping(bytes)) {
            self.mappings.fetch_add(bytes, Ordering::Relaxed);
            return Some((start, true));
        }
        // SAFETY: mapped just now, and nobody has seen it.
        unsafe { provider.release(start, bytes) };
        None
    }

    /// Takes a block back; `None` if it is not of the refuge. A fault changes nothing.
    pub fn give(&self, provider: &impl PageProvider, pointer: *mut u8) -> Option<Result<(), Fault>> {
        let (start, plot) = self.find(pointer)?;
        Some(match plot {
            Plot::Sheet(sheet) => sheet.give(provider, pointer).map_err(|kind| fault(kind, pointer, sheet)),
            Plot::Mapping(_) => match self.ledger.strike(start) {
                Some(bytes) => {
                    self.mappings.fetch_sub(bytes, Ordering::Relaxed);
                    // SAFETY: mapped whole, and who strikes it out of the ledger has it alone.
                    unsafe { provider.release(start, bytes) };
                    Ok(())
                }
                None => Err(Fault::at(FaultKind::DoubleFree, pointer.addr())),
            },
        })
    }

    /// Bytes of a live block; `None` if it is not of the refuge.
    pub fn bytes_of(&self, pointer: *mut u8) -> Option<Result<usize, Fault>> {
        Some(match self.find(pointer)?.1 {
            Plot::Sheet(sheet) => sheet.bytes_of(pointer).map_err(|kind| fault(kind, pointer, sheet)),
            Plot::Mapping(bytes) => Ok(bytes),
        })
    }

    fn find(&self, pointer: *mut u8) -> Option<(NonNull<u8>, Plot<'_>)> {
        if self.ledger.is_empty() {
            return None;
        }
        let found = |start: *mut u8| NonNull::new(start).and_then(|start| Some((start, self.ledger.find(start)?)));
        let sheet = found(align_down(pointer, SHEET_BYTES)).filter(|(_, plot)| matches!(plot, Plot::Sheet(_)));
        sheet.or_else(|| found(pointer))
    }

    /// Room for a structure of the allocator's own, which is not cleared; `None` if memory is out.
    pub fn allot<T>(&self, provider: &impl PageProvider) -> Option<NonNull<T>> {
        const { assert!(size_of::<T>() <= MOST_BYTES && align_of::<T>() <= 1 << LEAST_SHIFT, "it fits a sheet") };
        let room = self.own.take(size_of::<T>(), || {
            let sheet = Sheet::map(provider, size_of::<T>())?;
            self.sheets.fetch_add(SHEET_BYTES, Ordering::Relaxed);
            Some(sheet)
        })?;
        Some(room.cast())
    }

    /// Takes such room back.
    pub fn return_room<T>(&self, provider: &impl PageProvider, room: NonNull<T>) {
        self.own.give(provider, size_of::<T>(), room.cast().as_ptr());
    }
}

fn fault(kind: FaultKind, pointer: *mut u8, sheet: &Sheet) -> Fault {
    Fault { kind, address: pointer.addr(), block_bytes: sheet.block_bytes() }
}

impl Default for Refuge {
    fn default() -> Self {
        Self::new()
    }
}
