//! Memory at the same addresses in every execution, and the page provider over it.

#![allow(unsafe_code, reason = "a page provider")]

use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};

use hakmem_core::pages::Relax;
use hakmem_core::{PageProvider, Purged, Refused};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

const PAGE: usize = 4096;
/// Addresses for runs, most of which nobody touches.
const RUNS_BYTES: usize = 256 << 20;
/// Room for what the model puts there by itself.
const SHELF_BYTES: usize = 1 << 20;
const SUPERSLAB_BYTES: usize = 2 << 20;

/// See the file's head. One for each model, never unmapped.
pub(crate) struct Arena {
    start: *mut u8,
    shelf_used: Cell<usize>,
    runs_used: Cell<usize>,
    /// Bytes reserved, and not released.
    pub(crate) reserved: Cell<usize>,
    /// Bytes of the zones that are asked for.
    pub(crate) zone_bytes: Cell<usize>,
    /// What was committed.
    pub(crate) claimed: RefCell<Vec<std::ops::Range<usize>>>,
    /// The commit that is refused, from 1 on; 0 for none.
    pub(crate) refused: Cell<usize>,
    /// The clock.
    pub(crate) now_ms: Cell<u64>,
}

/// The provider: an arena.
#[derive(Clone, Copy)]
pub(crate) struct Pages(pub(crate) &'static Arena);

// SAFETY: a model's threads are coroutines of one thread, which change at atomics only.
unsafe impl Sync for Pages {}
// SAFETY: as above.
unsafe impl Send for Pages {}

/// What the memory held at some moment.
pub(crate) struct Snapshot(Vec<(*mut u8, Vec<u8>)>);

impl Arena {
    /// Reserves it.
    pub(crate) fn new() -> &'static Self {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
        let bytes = RUNS_BYTES + SUPERSLAB_BYTES + SHELF_BYTES;
        // SAFETY: a new mapping.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), bytes, access, flags) }.expect("addresses");
        let zero = || Cell::new(0);
        let arena = Self {
            start: start.cast::<u8>().map_addr(|at| at.next_multiple_of(SUPERSLAB_BYTES)),
            shelf_used: zero(),
            runs_used: zero(),
            reserved: zero(),
            zone_bytes: Cell::new(SUPERSLAB_BYTES),
            claimed: RefCell::default(),
            refused: zero(),
            now_ms: Cell::new(0),
        };
        arena.start.expose_provenance();
        Box::leak(Box::new(arena))
    }

    /// Its addresses.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start.addr()..self.start.addr() + RUNS_BYTES + SHELF_BYTES
    }

    /// An execution begins: all is zero.
    pub(crate) fn reset(&self) {
        self.wipe(self.shelf(), self.shelf_used.replace(0));
        self.wipe(self.start, self.runs_used.replace(0));
        self.reserved.set(0);
        self.claimed.borrow_mut().clear();
        self.refused.set(0);
        self.zone_bytes.set(SUPERSLAB_BYTES);
        self.now_ms.set(0);
    }

    fn shelf(&self) -> *mut u8 {
        self.start.wrapping_add(RUNS_BYTES)
    }

    fn wipe(&self, start: *mut u8, bytes: usize) {
        if bytes > 0 {
            // SAFETY: the arena's.
            unsafe { madvise(start.cast(), bytes.next_multiple_of(PAGE), Advice::LinuxDontNeed) }.expect("zeroed");
        }
    }

    /// Puts a value where it stands in every execution; it is never dropped.
    pub(crate) fn put<T>(&self, value: T) -> &'static T {
        let at = self.shelf_used.get().next_multiple_of(align_of::<T>().max(64));
        self.shelf_used.set(at + size_of::<T>());
        assert!(self.shelf_used.get() <= SHELF_BYTES, "the shelf is too small");
        let place = self.shelf().wrapping_add(at).cast::<T>();
        // SAFETY: the arena's, aligned, and given once an execution.
        unsafe {
            place.write(value);
            &*place
        }
    }

    /// What a child would find, were the process forked now. Blocks are left out.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let blocks = self.zone_bytes.get();
        let ranges =
            [(self.shelf(), self.shelf_used.get()), (self.start.wrapping_add(blocks), self.runs_used.get() - blocks)];
        let copy = |(start, bytes): (*mut u8, usize)| {
            // SAFETY: the arena's.
            (start, unsafe { std::slice::from_raw_parts(start, bytes) }.to_vec())
        };
        Snapshot(ranges.into_iter().map(copy).collect())
    }

    /// Makes a snapshot the present.
    pub(crate) fn restore(&self, snapshot: &Snapshot) {
        for (start, bytes) in &snapshot.0 {
            // SAFETY: the arena's, of the same execution.
            unsafe { start.copy_from(bytes.as_ptr(), bytes.len()) };
        }
    }
}

impl Relax for Pages {
    fn relax() {
        loom::thread::yield_now();
    }
}

// SAFETY: runs are cut off the arena one after the other, and all of it can be read and written.
unsafe impl PageProvider for Pages {
    fn page_bytes(&self) -> usize {
        PAGE
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let at = self.0.runs_used.get().next_multiple_of(align);
        (at + bytes <= RUNS_BYTES).then(|| {
            self.0.runs_used.set(at + bytes);
            self.0.reserved.set(self.0.reserved.get() + bytes);
            NonNull::new(self.0.start.wrapping_add(at))
        })?
    }

    /// Holds what it reserves, but says like Linux that what was committed is occupied.
    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        let next = self.0.refused.get();
        self.0.refused.set(next.saturating_sub(1));
        if next == 1 {
            return Err(Refused::Memory);
        }
        let mut claimed = self.0.claimed.borrow_mut();
        let new = start.addr().get()..start.addr().get() + bytes;
        if claimed.iter().any(|old| old.start < new.end && new.start < old.end) {
            return Err(Refused::Occupied);
        }
        claimed.push(new);
        Ok(())
    }

    unsafe fn populate(&self, _: NonNull<u8>, _: usize) -> bool {
        true
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        self.0.wipe(start.as_ptr(), bytes);
        hakmem_seam::zero(start.as_ptr(), bytes);
        Purged::Zeroed
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        self.0.wipe(start.as_ptr(), bytes);
        self.0.reserved.set(self.0.reserved.get() - bytes);
        let end = start.addr().get() + bytes;
        self.0.claimed.borrow_mut().retain(|old| old.start >= end || old.end <= start.addr().get());
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        let moved = self.reserve(new_bytes, PAGE)?;
        // SAFETY: as its caller promises.
        unsafe { self.release(start, old_bytes) };
        Some(moved)
    }

    fn now_ms(&self) -> u64 {
        self.0.now_ms.get()
    }

    fn zone_bytes(&self) -> usize {
        self.0.zone_bytes.get()
    }
}
