//! The page tables of a range of addresses that the kernel hands out.
//!
//! | state of a page | its entry | left by |
//! |---|---|---|
//! | reserved | 0 | `commit` → promised |
//! | promised | [`PROMISED`] | the first access, a page fault → mapped; `release` → reserved |
//! | mapped | a frame, present | `purge` → promised; `release` → reserved |
//!
//! Addresses are never handed out twice: there are 127 TiB of them. A table without entries goes back to the frames.

#![allow(unsafe_code, reason = "writes the page tables")]

use core::arch::asm;
use core::cell::RefCell;
use core::ops::Range;

use critical_section::Mutex;

use super::frames::{FRAME_BYTES, Frames, contents};

/// What the second to the last of the lower entries of the root map.
const ADDRESSES: Range<usize> = 1 << 39..255 << 39;
/// log2 of the bytes that an entry of the lowest table maps, and of the entries of a table.
const PAGE_SHIFT: usize = 12;
const TABLE_SHIFT: usize = 9;

const PRESENT: usize = 1;
const WRITABLE: usize = 2;
/// Of an entry that is not present the processor reads nothing else.
const PROMISED: usize = 1 << 9;
const ADDRESS: usize = 0x000F_FFFF_FFFF_F000;

/// The tables, the frames, and how far the addresses were handed out.
pub struct Paging {
    frames: Frames,
    next: usize,
}

static PAGING: Mutex<RefCell<Paging>> =
    Mutex::new(RefCell::new(Paging { frames: Frames::new(), next: ADDRESSES.start }));

/// Does something with the tables while no interrupt can.
pub fn with<T>(closure: impl FnOnce(&mut Paging) -> T) -> T {
    critical_section::with(|held| closure(&mut PAGING.borrow_ref_mut(held)))
}

/// Maps the page that an address is in if it was promised.
pub(super) fn touch(address: usize) -> bool {
    with(|paging| paging.touch(address))
}

fn root() -> usize {
    let root: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, cr3", out(reg) root, options(nomem, nostack, preserves_flags)) };
    root & ADDRESS
}

/// The entry of an address in a table; the lowest ones are of level 0.
fn slot(table: usize, level: usize, address: usize) -> *mut usize {
    let number = address >> (PAGE_SHIFT + TABLE_SHIFT * level) & ((1 << TABLE_SHIFT) - 1);
    contents(table).wrapping_add(number)
}

fn read(slot: *mut usize) -> usize {
    // SAFETY: an entry of one of our tables; the processor writes to it, too.
    unsafe { slot.read_volatile() }
}

fn write(slot: *mut usize, entry: usize) {
    // SAFETY: as above.
    unsafe { slot.write_volatile(entry) };
}

/// The processor is to read the tables anew for an address.
fn forget(address: usize) {
    // SAFETY: what it has read is stale at most.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}

/// The lowest slot of an address, if there is a table for it.
fn find(address: usize) -> Option<*mut usize> {
    let mut table = root();
    for level in [3, 2, 1] {
        let entry = read(slot(table, level, address));
        if entry & PRESENT == 0 {
            return None;
        }
        table = entry & ADDRESS;
    }
    Some(slot(table, 0, address))
}

fn pages(start: usize, bytes: usize) -> impl Iterator<Item = usize> {
    (start..start + bytes).step_by(FRAME_BYTES)
}

impl Paging {
    /// Frames in use, for pages and for tables.
    pub fn frames_out(&self) -> usize {
        self.frames.out()
    }

    /// Pages that can still be committed, about.
    pub fn frames_left(&self) -> usize {
        self.frames.left()
    }

    /// Addresses; `None` once all were handed out.
    pub(super) fn reserve(&mut self, bytes: usize, align: usize) -> Option<usize> {
        let start = self.next.checked_next_multiple_of(align.max(FRAME_BYTES))?;
        let end = start.checked_add(bytes).filter(|&end| end <= ADDRESSES.end)?;
        self.next = end.next_multiple_of(FRAME_BYTES);
        Some(start)
    }

    /// Promises what is not promised or mapped yet; false if there is not so much memory.
    pub(super) fn commit(&mut self, start: usize, bytes: usize) -> bool {
        let is_reserved = |&address: &usize| find(address).is_none_or(|slot| read(slot) == 0);
        let reserved = pages(start, bytes).filter(is_reserved).count();
        // A table for each 2 MiB, two more at the ends, and those above them.
        let tables = (bytes >> (PAGE_SHIFT + TABLE_SHIFT)) + 2 + 4;
        if self.frames.left() < reserved + tables {
            return false;
        }
        for address in pages(start, bytes) {
            let slot = self.find_or_make(address);
            if read(slot) == 0 {
                write(slot, PROMISED);
                self.frames.promise(1);
            }
        }
        true
    }

    fn find_or_make(&mut self, address: usize) -> *mut usize {
        let mut table = root();
        for level in [3, 2, 1] {
            let slot = slot(table, level, address);
            if read(slot) & PRESENT == 0 {
                write(slot, self.frames.take() | PRESENT | WRITABLE);
            }
            table = read(slot) & ADDRESS;
        }
        slot(table, 0, address)
    }

    fn touch(&mut self, address: usize) -> bool {
        let slot = if ADDRESSES.contains(&address) { find(address) } else { None };
        let Some(slot) = slot.filter(|&slot| read(slot) == PROMISED) else { return false };
        write(slot, self.frames.take_promised() | PRESENT | WRITABLE);
        true
    }

    /// Unmaps what is mapped, and promises it again.
    pub(super) fn purge(&mut self, start: usize, bytes: usize) {
        for address in pages(start, bytes) {
            if self.unmap(address) {
                self.frames.promise(1);
            }
        }
    }

    /// A page that is mapped becomes promised; true if it was, and the promise is not counted yet.
    fn unmap(&mut self, address: usize) -> bool {
        let Some(slot) = find(address) else { return false };
        let entry = read(slot);
        if entry & PRESENT != 0 {
            write(slot, PROMISED);
            forget(address);
            self.frames.give(entry & ADDRESS);
        }
        entry & PRESENT != 0
    }

    /// Nothing is left of these pages, nor of tables that are empty without them.
    pub(super) fn release(&mut self, start: usize, bytes: usize) {
        for address in pages(start, bytes) {
            let was_mapped = self.unmap(address);
            let Some(slot) = find(address) else { continue };
            if read(slot) == PROMISED {
                write(slot, 0);
                if !was_mapped {
                    self.frames.take_back_promise();
                }
            }
        }
        let table_bytes = FRAME_BYTES << TABLE_SHIFT;
        for address in (start..start + bytes).step_by(table_bytes).chain([start + bytes - 1]) {
            self.prune(root(), 3, address);
        }
    }

    /// Gives the tables below an entry back that have no entries; true if then this one has none either.
    fn prune(&mut self, table: usize, level: usize, address: usize) -> bool {
        let slot = slot(table, level, address);
        if level > 0 && read(slot) & PRESENT != 0 && self.prune(read(slot) & ADDRESS, level - 1, address) {
            let below = read(slot) & ADDRESS;
            write(slot, 0);
            forget(address);
            self.frames.give(below);
        }
        (0..1 << TABLE_SHIFT).all(|number| read(contents(table).wrapping_add(number)) == 0)
    }
}
