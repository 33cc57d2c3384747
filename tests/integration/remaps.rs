//! Large blocks that are out of the table while the provider moves them keep their places in it.

#![allow(unsafe_code, reason = "a page provider is an unsafe trait, and audits")]

use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use hakmem_core::pages::Relax;
use hakmem_core::{Allocator, FaultKind, PageProvider, Purged, Refused};
use hakmem_tests::providers::{LinuxPages, Narrow};
use hakmem_tests::scene::{give, new_front, resize, take};

const MIB: usize = 1 << 20;
/// Half of what a table of 128 places holds: as many as it holds before it grows.
const BLOCKS: usize = 64;

/// The system's pages, but that no run is moved before all are on their way and the gate opens.
struct Gate {
    below: Narrow<LinuxPages>,
    /// Runs on their way, and whether they may go on.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    fn await_all(&self) {
        let state = self.state.lock().expect("nobody panics with it");
        let (state, late) = self
            .changed
            .wait_timeout_while(state, Duration::from_secs(20), |state| state.0 < BLOCKS)
            .expect("nobody panics with it");
        assert!(!late.timed_out(), "{} of {BLOCKS} are on their way", state.0);
    }

    fn open(&self) {
        self.state.lock().expect("nobody panics with it").1 = true;
        self.changed.notify_all();
    }
}

impl Relax for Gate {
    fn relax() {
        LinuxPages::relax();
    }
}

// SAFETY: the pages are the provider's below.
unsafe impl PageProvider for Gate {
    fn page_bytes(&self) -> usize {
        self.below.page_bytes()
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.below.reserve(bytes, align)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.commit(start, bytes) }
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.purge(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release(start, bytes) };
    }

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.release_with(start, bytes, parts) };
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.1).expect("nobody panics with it"));
        // SAFETY: the caller's promise, handed on.
        unsafe { self.below.remap(start, old_bytes, new_bytes) }
    }

    fn now_ms(&self) -> u64 {
        self.below.now_ms()
    }

    fn zone_bytes(&self) -> usize {
        self.below.zone_bytes()
    }
}

/// A block's address, for another thread.
#[derive(Clone, Copy)]
struct Sent(*mut u8);

// SAFETY: one thread at a time uses the block.
unsafe impl Send for Sent {}

impl Sent {
    fn block(self) -> *mut u8 {
        self.0
    }
}

/// The table once let others take the places of blocks on their way. 64 threads in `mremap` and as many blocks taken
/// meanwhile filled it to the last place, and the next look for a pointer that was not there never ended.
#[test]
fn blocks_on_their_way_keep_their_places() {
    let below = Narrow::new(LinuxPages::new(), 1 << 30, usize::MAX);
    let gate = Gate { below, state: Mutex::new((0, false)), changed: Condvar::new() };
    let (allocator, front) = (Arc::new(Allocator::new(gate)), new_front());
    let first: Vec<_> = (0..BLOCKS).map(|_| Sent(take(&allocator, &front, 2 * MIB))).collect();
    let moving: Vec<_> = first
        .into_iter()
        .map(|sent| {
            let allocator = Arc::clone(&allocator);
            thread::spawn(move || {
                let front = new_front();
                let moved = resize(&allocator, &front, sent.block(), 3 * MIB).expect("a live block");
                allocator.end_thread(&front).expect("nothing was freed twice");
                Sent(moved)
            })
        })
        .collect();
    allocator.provider().await_all();
    let others: Vec<_> = (0..BLOCKS).map(|_| take(&allocator, &front, 2 * MIB)).collect();
    allocator.provider().open();
    let moved: Vec<_> = moving.into_iter().map(|thread| thread.join().expect("it moved its block").block()).collect();

    let (answer, asked) = mpsc::channel();
    let looking = Arc::clone(&allocator);
    thread::spawn(move || {
        let foreign = looking.usable(std::ptr::without_provenance_mut(0x7000_0000_0000));
        let _ = answer.send(foreign);
    });
    let foreign = asked.recv_timeout(Duration::from_secs(20)).expect("a look for a foreign pointer ends");
    assert_eq!(foreign.expect_err("nobody's block").kind, FaultKind::Foreign);
    // SAFETY: no other thread uses it now.
    unsafe { allocator.audit() }.expect("every invariant holds");
    moved.into_iter().chain(others).for_each(|block| give(&allocator, &front, block));
    // SAFETY: as above.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!((audit.live_blocks, allocator.stats().large), (0, 0));
}
