//! What is known of a slot, and of the block that it holds or held last.

use crate::base::sync::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::pages::PageProvider;

/// Frames of a trace.
pub const FRAMES: usize = 16;

/// A slot's state.
///
/// | state | pages | in the queue | left by |
/// |---|---|---|---|
/// | `EMPTY` | shut | not yet, it comes before | who opens it → `BUSY` |
/// | `FREED` | shut | yes | who takes it from the queue → `BUSY` |
/// | `BUSY` | either | no | the same thread → `LIVE`, `FREED`; where pages were refused, as before |
/// | `LIVE` | open | no | who frees the block: an exchange that one thread wins → `BUSY` |
pub(super) type State = u8;
/// See [`State`].
pub(super) const EMPTY: State = 0;
/// See [`State`].
pub(super) const BUSY: State = 1;
/// See [`State`].
pub(super) const LIVE: State = 2;
/// See [`State`].
pub(super) const FREED: State = 3;

/// Who called, and from where.
#[derive(Debug)]
pub struct Trace {
    thread: AtomicU64,
    depth: AtomicUsize,
    frames: [AtomicUsize; FRAMES],
}

/// See the file's head. All zero when new. Written by who has it `BUSY`, read by anybody.
#[derive(Debug)]
pub struct Slot {
    pub(super) state: AtomicU8,
    /// True if the provider once kept what its pages in the yard held: then they may not be zero.
    pub(super) stained: AtomicBool,
    /// The next one in the queue.
    pub(super) next: AtomicU32,
    pages: AtomicPtr<u8>,
    pages_bytes: AtomicUsize,
    /// The block, from there.
    block: AtomicUsize,
    bytes: AtomicUsize,
    /// Who took the block.
    pub taken: Trace,
    /// Who gave it back.
    pub given: Trace,
}

impl Trace {
    /// Notes who calls.
    pub(super) fn note<P: PageProvider>(&self, provider: &P) {
        let mut frames = [0; FRAMES];
        let (thread, depth) = provider.caller(&mut frames);
        self.thread.store(thread, Ordering::Relaxed);
        for (place, frame) in self.frames.iter().zip(frames) {
            place.store(frame, Ordering::Relaxed);
        }
        self.depth.store(depth.min(FRAMES), Ordering::Relaxed);
    }

    /// The thread's number, 0 where nobody told.
    pub fn thread(&self) -> u64 {
        self.thread.load(Ordering::Relaxed)
    }

    /// Its calls, innermost first.
    pub fn frames(&self) -> impl Iterator<Item = usize> {
        self.frames.iter().take(self.depth.load(Ordering::Relaxed)).map(|frame| frame.load(Ordering::Relaxed))
    }
}

impl Slot {
    pub(super) fn hold(&self, pages: *mut u8, pages_bytes: usize, block: usize, bytes: usize) {
        self.pages.store(pages, Ordering::Relaxed);
        self.pages_bytes.store(pages_bytes, Ordering::Relaxed);
        self.block.store(block, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Its block has so many bytes now.
    pub(super) fn shorten(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// The pages of its block, and their bytes.
    pub(super) fn pages(&self) -> (*mut u8, usize) {
        (self.pages.load(Ordering::Relaxed), self.pages_bytes.load(Ordering::Relaxed))
    }

    /// Its block.
    pub(super) fn block(&self) -> *mut u8 {
        self.pages().0.wrapping_add(self.block.load(Ordering::Relaxed))
    }

    /// What is before its block in its pages, and what behind.
    pub(super) fn margins(&self) -> [(*mut u8, usize); 2] {
        let ((pages, bytes), before) = (self.pages(), self.block.load(Ordering::Relaxed));
        let end = before + self.bytes();
        [(pages, before), (pages.wrapping_add(end), bytes.saturating_sub(end))]
    }

    pub(super) fn state(&self) -> State {
        self.state.load(Ordering::Acquire)
    }

    /// Bytes of its block, as they were asked for.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// True while its block is the client's.
    pub fn is_live(&self) -> bool {
        self.state() == LIVE
    }
}
