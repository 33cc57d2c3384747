//! Sheets: pages cut into blocks of one size, with a bit for each that is out. They are never unmapped; one of which
//! no block is out costs no memory.
//!
//! | `used` | a block can be taken | left by |
//! |---|---|---|
//! | 0 | yes | a take → 1, a purge → `count` |
//! | below `count` | yes | a take → one more, a give → one less |
//! | `count` and above | no | a give, an end of a purge, a take that saw it → less |
//!
//! Who takes counts first and sets a bit then, and who gives clears the bit first: `used` is never less than the
//! blocks that are out, at no instruction.

#![allow(unsafe_code, reason = "records stand in raw pages")]

use core::ptr::{self, NonNull};

use crate::base::address::round_up;
use crate::base::bits::low;
use crate::base::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::harden::FaultKind;
use crate::pages::PageProvider;

/// Bytes of a sheet, and what it is aligned to.
pub(super) const SHEET_BYTES: usize = 256 << 10;
/// The least block.
pub(super) const LEAST_SHIFT: u32 = 4;
const MOST_SHIFT: u32 = 15;
/// The largest block.
pub(super) const MOST_BYTES: usize = 1 << MOST_SHIFT;
const SIZES: usize = (MOST_SHIFT - LEAST_SHIFT + 1) as usize;
const WORDS: usize = (SHEET_BYTES >> LEAST_SHIFT) / 64;

/// See the file's head.
#[repr(C)]
pub(super) struct Sheet {
    start: *mut u8,
    shift: u32,
    used: AtomicU32,
    /// Where the next search begins: a hint.
    word: AtomicU32,
    next: AtomicPtr<Sheet>,
    out: [AtomicU64; WORDS],
}

/// Lists of sheets, one for each size.
pub(super) struct Sheets {
    first: [AtomicPtr<Sheet>; SIZES],
}

/// The least power of two that holds so many bytes.
fn shift_of(bytes: usize) -> u32 {
    bytes.next_power_of_two().trailing_zeros().max(LEAST_SHIFT)
}

impl Sheet {
    /// A new one for blocks of at least `bytes`.
    pub(super) fn map<'a>(provider: &impl PageProvider, bytes: usize) -> Option<&'a Self> {
        let start = provider.map(SHEET_BYTES, SHEET_BYTES)?;
        let Some(room) = provider.map(record_bytes(provider), provider.page_bytes()) else {
            // SAFETY: mapped just now, and nobody has seen it.
            unsafe { provider.release(start, SHEET_BYTES) };
            return None;
        };
        let sheet = room.cast::<Self>().as_ptr();
        // SAFETY: the room is that long and ours; zeroed memory is a valid sheet, and records are never unmapped once
        // others know them.
        unsafe {
            (*sheet).start = start.as_ptr();
            (*sheet).shift = shift_of(bytes);
            Some(&*sheet)
        }
    }

    /// Unmaps one that nobody else has seen.
    pub(super) fn unmap(&self, provider: &impl PageProvider) {
        // SAFETY: both were mapped whole by `map`.
        unsafe {
            provider.release(self.start(), SHEET_BYTES);
            provider.release(NonNull::from(self).cast(), record_bytes(provider));
        }
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        // SAFETY: a mapping's start.
        unsafe { NonNull::new_unchecked(self.start) }
    }

    pub(super) fn block_bytes(&self) -> usize {
        1 << self.shift
    }

    fn count(&self) -> u32 {
        (SHEET_BYTES >> self.shift) as u32
    }

    fn take(&self) -> Option<NonNull<u8>> {
        if self.used.fetch_add(1, Ordering::AcqRel) >= self.count() {
            self.used.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let words = (self.count() as usize).div_ceil(64);
        let bits = low(self.count().min(64) as usize);
        let mut at = self.word.load(Ordering::Relaxed) as usize;
        // A block is free, or is just being taken for another that is.
        loop {
            let Some(word) = self.out.get(at).filter(|_| at < words) else {
                at = 0;
                continue;
            };
            let free = !word.load(Ordering::Relaxed) & bits;
            let bit = free & free.wrapping_neg();
            if bit == 0 {
                at += 1;
            } else if word.fetch_or(bit, Ordering::Acquire) & bit == 0 {
                self.word.store(at as u32, Ordering::Relaxed);
                let block = at * 64 + bit.trailing_zeros() as usize;
                return NonNull::new(self.start.wrapping_add(block << self.shift));
            }
        }
    }

    /// The word and the bit of a block that starts there.
    fn place(&self, pointer: *mut u8) -> Result<(&AtomicU64, u64), FaultKind> {
        let offset = pointer.addr() - self.start.addr();
        if !offset.is_multiple_of(self.block_bytes()) {
            let is_granule = offset.is_multiple_of(1 << LEAST_SHIFT);
            return Err(if is_granule { FaultKind::InnerPointer } else { FaultKind::Misaligned });
        }
        let block = offset >> self.shift;
        Ok((&self.out[block / 64 % WORDS], 1 << (block % 64)))
    }

    pub(super) fn bytes_of(&self, pointer: *mut u8) -> Result<usize, FaultKind> {
        let (word, bit) = self.place(pointer)?;
        if word.load(Ordering::Relaxed) & bit == 0 { Err(FaultKind::DoubleFree) } else { Ok(self.block_bytes()) }
    }

    pub(super) fn give(&self, provider: &impl PageProvider, pointer: *mut u8) -> Result<(), FaultKind> {
        let (word, bit) = self.place(pointer)?;
        if word.fetch_and(!bit, Ordering::Release) & bit == 0 {
            return Err(FaultKind::DoubleFree);
        }
        if self.used.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.purge(provider);
        }
        Ok(())
    }

    /// Nobody takes a block meanwhile.
    fn purge(&self, provider: &impl PageProvider) {
        if self.used.compare_exchange(0, self.count(), Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            // SAFETY: committed, and no block is out.
            let _ = unsafe { provider.purge(self.start(), SHEET_BYTES) };
            self.used.fetch_sub(self.count(), Ordering::Release);
        }
    }
}

fn record_bytes(provider: &impl PageProvider) -> usize {
    round_up(size_of::<Sheet>(), provider.page_bytes()).unwrap_or(size_of::<Sheet>())
}

impl Sheets {
    pub(super) const fn new() -> Self {
        Self { first: [const { AtomicPtr::new(ptr::null_mut()) }; SIZES] }
    }

    fn list(&self, bytes: usize) -> &AtomicPtr<Sheet> {
        let [.., largest] = &self.first;
        self.first.get((shift_of(bytes) - LEAST_SHIFT) as usize).unwrap_or(largest)
    }

    fn sheets(&self, bytes: usize) -> impl Iterator<Item = &Sheet> {
        // SAFETY: a sheet in a list is never unmapped; its link is written before it is there.
        let first = unsafe { self.list(bytes).load(Ordering::Acquire).as_ref() };
        // SAFETY: as above.
        core::iter::successors(first, |sheet| unsafe { sheet.next.load(Ordering::Relaxed).as_ref() })
    }

    /// A block of at least `bytes`, at most [`MOST_BYTES`]; of a new sheet that `map` makes if none has one.
    pub(super) fn take<'a>(&'a self, bytes: usize, map: impl Fn() -> Option<&'a Sheet>) -> Option<NonNull<u8>> {
        loop {
            if let Some(block) = self.sheets(bytes).find_map(Sheet::take) {
                return Some(block);
            }
            self.add(bytes, map()?);
        }
    }

    fn add(&self, bytes: usize, sheet: &Sheet) {
        let list = self.list(bytes);
        let mut first = list.load(Ordering::Relaxed);
        loop {
            sheet.next.store(first, Ordering::Relaxed);
            let new = ptr::from_ref(sheet).cast_mut();
            match list.compare_exchange_weak(first, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes a block of `bytes` back that is of one of these sheets.
    pub(super) fn give(&self, provider: &impl PageProvider, bytes: usize, block: *mut u8) {
        let covers = |sheet: &&Sheet| block.addr().wrapping_sub(sheet.start.addr()) < SHEET_BYTES;
        if let Some(sheet) = self.sheets(bytes).find(covers) {
            let _ = sheet.give(provider, block);
        }
    }
}
