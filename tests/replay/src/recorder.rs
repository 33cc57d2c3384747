//! A heap over a region that tells all that is done with it: the trace of a device.

#![allow(unsafe_code, reason = "hands out memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::ptr::null_mut;

use hakmem_core::region::{FreshLock, Heap, Lock, OnFault, Profile, RegionError};

use crate::action::{ALIGN_SHIFT_MOST, Action, BYTES_END};
use crate::oracle::natural_align;
use crate::summary::Summary;
use crate::trace::{ActionLine, Head};

/// Where a trace's text goes.
pub type Sink = fn(&[u8]);

struct Text(Sink);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0(text.as_bytes());
        Ok(())
    }
}

/// See the file's head. At most `N` blocks, 256 or fewer, can be out: more are refused, and so is what the vocabulary
/// has no words for. Each action is told before it is done: the last one may be what the device broke at.
pub struct Recorder<P: Profile, L: Lock, const N: usize> {
    heap: Heap<P, L>,
    lock: L,
    history: UnsafeCell<History<N>>,
}

struct History<const N: usize> {
    /// By slot; null where it is empty.
    blocks: [*mut u8; N],
    start: *mut u8,
    sink: Option<Sink>,
    summary: Summary,
}

// SAFETY: the history is reached under the lock alone; its pointers are names.
unsafe impl<P: Profile, L: Lock + Sync, const N: usize> Sync for Recorder<P, L, N> {}

impl<P: Profile, L: FreshLock, const N: usize> Default for Recorder<P, L, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Profile, L: FreshLock, const N: usize> Recorder<P, L, N> {
    /// Without a region.
    pub const fn new() -> Self {
        assert!(N <= 256, "a slot is a byte");
        let summary = Summary { actions: 0, placed: 0, refused: 0, placement: 0 };
        let history = History { blocks: [null_mut(); N], start: null_mut(), sink: None, summary };
        Self { heap: Heap::empty(), lock: L::FRESH, history: UnsafeCell::new(history) }
    }
}

impl<P: Profile, L: Lock, const N: usize> Recorder<P, L, N> {
    fn hold<T>(&self, closure: impl FnOnce(&mut History<N>) -> T) -> T {
        // SAFETY: under the lock; no closure of ours comes here again.
        self.lock.hold(|| closure(unsafe { &mut *self.history.get() }))
    }

    /// Gives the heap its region, and begins the trace.
    ///
    /// # Errors
    ///
    /// As for [`Heap::init`].
    ///
    /// # Safety
    ///
    /// As for [`Heap::init`].
    pub unsafe fn begin(&self, profile: &str, start: *mut u8, bytes: usize, sink: Sink) -> Result<(), RegionError> {
        // SAFETY: the caller's promise.
        unsafe { self.heap.init(start, bytes)? };
        let head = Head { profile, bytes, origin: start.addr() as u64 };
        let _ = writeln!(Text(sink), "{head}");
        self.hold(|history| (history.start, history.sink) = (start, Some(sink)));
        Ok(())
    }

    /// Ends the trace with its summary, which is also the answer.
    pub fn end(&self) -> Summary {
        let (sink, summary) = self.hold(|history| (history.sink.take(), history.summary));
        if let Some(sink) = sink {
            let _ = writeln!(Text(sink), "END {summary}");
        }
        summary
    }

    /// What is to happen on a misuse.
    pub fn on_fault(&self, hook: OnFault) {
        self.heap.on_fault(hook);
    }
}

impl<const N: usize> History<N> {
    /// The slot of a block; of null, an empty one.
    fn slot_of(&self, block: *mut u8) -> Option<u8> {
        self.blocks.iter().position(|&kept| kept == block).map(|slot| slot as u8)
    }

    fn tell(&mut self, action: Action) {
        if let Some(sink) = self.sink {
            self.summary.actions += 1;
            sink(&ActionLine::new(&action.encoded()));
        }
    }

    /// A request's answer.
    fn note(&mut self, slot: u8, block: *mut u8) {
        let offset = block.addr().wrapping_sub(self.start.addr());
        self.summary.note(if block.is_null() { None } else { Some(offset) });
        if !block.is_null() {
            self.blocks[usize::from(slot)] = block;
        }
    }
}

/// The words for a request, if there are any.
fn take(slot: u8, layout: Layout) -> Option<Action> {
    let bytes = u32::try_from(layout.size()).ok().filter(|&bytes| bytes < BYTES_END)?;
    let align_shift = layout.align().trailing_zeros() as u8;
    if layout.align() == natural_align(layout.size()) {
        return Some(Action::Take { slot, bytes });
    }
    (align_shift <= ALIGN_SHIFT_MOST).then_some(Action::TakeAligned { slot, bytes, align_shift })
}

// SAFETY: the heap's blocks, under one lock more.
unsafe impl<P: Profile, L: Lock, const N: usize> GlobalAlloc for Recorder<P, L, N> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.hold(|history| {
            let Some(slot) = history.slot_of(null_mut()) else { return null_mut() };
            let Some(action) = take(slot, layout) else { return null_mut() };
            history.tell(action);
            // SAFETY: the caller's promise.
            let block = unsafe { self.heap.alloc(layout) };
            history.note(slot, block);
            block
        })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.hold(|history| {
            if let Some(slot) = history.slot_of(block) {
                history.tell(Action::Give { slot });
                history.blocks[usize::from(slot)] = null_mut();
            }
            // SAFETY: the caller's promise.
            unsafe { self.heap.dealloc(block, layout) };
        });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        self.hold(|history| {
            let Some(slot) = history.slot_of(block) else { return null_mut() };
            if bytes >= BYTES_END as usize {
                return null_mut();
            }
            history.tell(Action::Resize { slot, bytes: bytes as u32 });
            // SAFETY: the caller's promise.
            let moved = unsafe { self.heap.realloc(block, layout, bytes) };
            history.note(slot, moved);
            moved
        })
    }
}
