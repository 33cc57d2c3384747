//! The blocks that a program of C has, and what it does with them.

#![allow(unsafe_code, reason = "calls C functions, tells the oracle of live blocks")]

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

use hakmem_replay::oracle::natural_align;
use hakmem_replay::{Action, Oracle, Wish};

use crate::fuzzed::library::Surface;

pub(super) const SLOTS: usize = 256;
const ENOMEM: c_int = 12;
/// What errno is before a call: calls that succeed leave it alone.
pub(super) const QUIET: c_int = 77;
/// Blocks above it, or at larger multiples, have mappings of their own.
pub(super) const RUN_MAX: usize = 1 << 20;

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
}

/// A block of the client's.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) start: *mut u8,
    pub(super) bytes: usize,
    pub(super) align: usize,
    /// It has a mapping of its own.
    pub(super) is_large: bool,
}

/// A block that was given back, and what had happened till then.
#[derive(Clone, Copy)]
pub(super) struct Former {
    pub(super) start: *mut u8,
    pub(super) is_large: bool,
    pub(super) reuses: usize,
    pub(super) gives: usize,
}

/// See the file's head.
pub(super) struct Table {
    pub(super) surface: &'static Surface,
    pub(super) slots: [Option<Block>; SLOTS],
    pub(super) former: [Option<Former>; SLOTS],
    pub(super) oracle: Oracle<SLOTS>,
    /// Calls so far: of several functions for one deed, each has its turn.
    pub(super) turn: usize,
    /// Counts what may use freed memory anew.
    pub(super) reuses: usize,
    /// Blocks given back so far.
    pub(super) gives: usize,
    /// Others call meanwhile.
    pub(super) is_beside_others: bool,
}

// SAFETY: the blocks are the table's, whichever thread has it.
unsafe impl Send for Table {}

/// Does a call with a quiet errno; returns what it was afterwards.
pub(super) fn with_errno<T>(call: impl FnOnce() -> T) -> (T, c_int) {
    // SAFETY: errno is this thread's.
    unsafe { *__errno_location() = QUIET };
    let answer = call();
    // SAFETY: as above.
    (answer, unsafe { *__errno_location() })
}

/// The same for a call that must leave errno alone.
pub(super) fn quietly<T>(call: impl FnOnce() -> T) -> T {
    let (answer, errno) = with_errno(call);
    assert_eq!(errno, QUIET, "errno is as it was");
    answer
}

/// The same for a request: null has its reason in errno, a block leaves it alone.
pub(super) fn request(call: impl FnOnce() -> *mut c_void) -> *mut u8 {
    let (block, errno) = with_errno(call);
    assert_eq!(errno, if block.is_null() { ENOMEM } else { QUIET }, "errno of a request, {block:p}");
    block.cast()
}

impl Table {
    pub(super) fn new(surface: &'static Surface) -> Self {
        Self {
            surface,
            slots: [None; SLOTS],
            former: [None; SLOTS],
            oracle: Oracle::new(),
            turn: 0,
            reuses: 0,
            gives: 0,
            is_beside_others: false,
        }
    }

    pub(super) fn step(&mut self, action: Action) {
        self.turn += 1;
        match action {
            Action::Take { slot, bytes } => self.take(slot, bytes as usize),
            Action::TakeZeroed { slot, bytes } => self.take_zeroed(slot, bytes as usize),
            Action::TakeAligned { slot, bytes, align_shift } => {
                self.take_aligned(slot, bytes as usize, 1 << align_shift)
            }
            Action::Give { slot } => self.give(slot),
            Action::GiveRemote { slot } => self.give_by_another(slot),
            Action::Resize { slot, bytes } => self.resize(slot, bytes as usize),
            Action::Trim => {
                // SAFETY: takes a number.
                quietly(|| unsafe { (self.surface.malloc_trim)(0) });
            }
            Action::Audit => self.check_all(),
            Action::Misuse { slot, wrong, offset } => self.misuse(slot, wrong, offset as usize),
            Action::SwitchThread { .. } | Action::EndThread { .. } => {}
        }
    }

    /// Every block holds what it should, and is as long as it was.
    pub(super) fn check_all(&mut self) {
        self.oracle.check_all();
    }

    pub(super) fn usable(&self, block: *mut u8) -> usize {
        // SAFETY: a live block.
        quietly(|| unsafe { (self.surface.malloc_usable_size)(block.cast()) })
    }

    /// Enters a block that was handed out; there must be one.
    pub(super) fn admit(&mut self, slot: u8, start: *mut u8, bytes: usize, align: usize, zeroed: bool) {
        assert!(!start.is_null(), "{bytes} bytes at {align} were refused");
        let usable = self.usable(start);
        // SAFETY: handed out just now.
        unsafe { self.oracle.admit(start, usable, Wish { bytes, align, zeroed }, slot) };
        let is_large = bytes > RUN_MAX || align > RUN_MAX;
        self.slots[usize::from(slot)] = Some(Block { start, bytes, align, is_large });
    }

    fn take(&mut self, slot: u8, bytes: usize) {
        self.give(slot);
        self.reuses += 1;
        let Surface { malloc, new, new_array, new_nothrow, calloc, realloc, .. } = *self.surface;
        // SAFETY: functions of numbers; the reference is handed on only.
        let start = request(|| unsafe {
            match self.turn % 8 {
                0 => new(bytes),
                1 => new_array(bytes),
                2 => new_nothrow(bytes, null_mut()),
                3 => realloc(null_mut(), bytes),
                4 => calloc(1, bytes),
                _ => malloc(bytes),
            }
        });
        self.admit(slot, start, bytes, natural_align(bytes), self.turn % 8 == 4);
    }

    fn take_zeroed(&mut self, slot: u8, bytes: usize) {
        self.give(slot);
        self.reuses += 1;
        let count = [1, 2, 8, 24][self.turn % 4];
        // SAFETY: a function of numbers.
        let start = request(|| unsafe { (self.surface.calloc)(count, bytes / count) });
        let bytes = bytes / count * count;
        self.admit(slot, start, bytes, natural_align(bytes), true);
    }

    fn take_aligned(&mut self, slot: u8, bytes: usize, align: usize) {
        self.give(slot);
        self.reuses += 1;
        let Surface { memalign, aligned_alloc, posix_memalign, new_aligned, new_aligned_nothrow, .. } = *self.surface;
        let mut stored = null_mut();
        // SAFETY: functions of numbers; the place can be written, the reference is handed on only.
        let start = request(|| unsafe {
            match self.turn % 5 {
                0 => memalign(align, bytes),
                1 => aligned_alloc(align, bytes),
                2 => new_aligned(bytes, align),
                3 => new_aligned_nothrow(bytes, align, null_mut()),
                _ => {
                    let answer = posix_memalign(&raw mut stored, align.max(8), bytes);
                    assert_eq!(answer, 0, "{bytes} bytes at {align}");
                    stored
                }
            }
        });
        self.admit(slot, start, bytes, align, false);
    }

    /// Takes a block off the table, whose contents and size must be as they were.
    pub(super) fn dismiss(&mut self, slot: u8) -> Option<Block> {
        let block = self.slots[usize::from(slot)].take()?;
        self.oracle.dismiss(block.start, self.usable(block.start));
        let Block { start, is_large, .. } = block;
        self.former[usize::from(slot)] = Some(Former { start, is_large, reuses: self.reuses, gives: self.gives });
        self.gives += 1;
        Some(block)
    }

    pub(super) fn give(&mut self, slot: u8) {
        if let Some(block) = self.dismiss(slot) {
            free(self.surface, block, self.turn);
        }
    }

    fn give_by_another(&mut self, slot: u8) {
        if let Some(block) = self.dismiss(slot) {
            let (surface, turn, start) = (self.surface, self.turn, block.start.expose_provenance());
            let other = std::thread::spawn(move || {
                free(surface, Block { start: core::ptr::with_exposed_provenance_mut(start), ..block }, turn);
            });
            other.join().expect("the other thread frees it");
        }
    }

    fn resize(&mut self, slot: u8, bytes: usize) {
        // What 0 bytes mean stands in `resize_to_nothing`.
        let bytes = bytes.max(1);
        let Some(old) = self.slots[usize::from(slot)] else { return };
        self.reuses += 1;
        let Surface { realloc, reallocarray, .. } = *self.surface;
        // SAFETY: a live block.
        let new = request(|| unsafe {
            if self.turn.is_multiple_of(4) {
                reallocarray(old.start.cast(), 1, bytes)
            } else {
                realloc(old.start.cast(), bytes)
            }
        });
        assert!(!new.is_null(), "{bytes} bytes were refused");
        let (usable, align) = (self.usable(new), natural_align(bytes));
        // SAFETY: handed out just now, and the old block went with it.
        unsafe { self.oracle.resized(old.start, new, usable, Wish { bytes, align, zeroed: false }, slot) };
        let is_large = if new == old.start { old.is_large } else { bytes > RUN_MAX };
        self.slots[usize::from(slot)] = Some(Block { start: new, bytes, align, is_large });
    }

    /// Gives every block back, and sees that no large one is left.
    pub(super) fn finish(&mut self) {
        self.check_all();
        for slot in 0..=255 {
            self.give(slot);
        }
        assert_eq!((self.oracle.blocks(), self.oracle.bytes()), (0, 0));
    }
}

/// Gives a block back by one of the functions that do.
pub(super) fn free(surface: &Surface, block: Block, turn: usize) {
    let (pointer, bytes, align): (*mut c_void, _, _) = (block.start.cast(), block.bytes, block.align);
    // SAFETY: a live block, which nobody uses any more; sizes and multiples are those it was asked for with.
    quietly(|| unsafe {
        match turn % 12 {
            0 => (surface.cfree)(pointer),
            1 => (surface.free_sized)(pointer, bytes),
            2 => (surface.free_aligned_sized)(pointer, align, bytes),
            3 => (surface.delete)(pointer),
            4 => (surface.delete_array)(pointer),
            5 => (surface.delete_sized)(pointer, bytes),
            6 => (surface.delete_aligned)(pointer, align),
            7 => (surface.delete_sized_aligned)(pointer, bytes, align),
            _ => (surface.free)(pointer),
        }
    });
}
