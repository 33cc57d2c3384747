//! The lock-free half of a free by another thread.
//!
//! A freer sets bits in the slab's remote bitmap and, if the slab was not queued, pushes it onto its
//! owner's mailbox: one push a slab, not one a block. The owner takes the whole stack by one exchange.
//!
//! `queued` moves: false → true by the freer that pushes; true → false by the owner, after it took the
//! stack and before it takes the bits. So bits that were set while `queued` was true are taken by that
//! owner, and bits that are set later push again. A slab's owner changes only while no block of it is
//! out, yet a freer may still be on its way to push (its bits were taken with somebody else's): what
//! is popped is therefore checked against its present owner and passed on.

#![allow(unsafe_code, reason = "follows links between slab records")]

use core::ptr;

use super::{Mailbox, Slab};
use crate::base::sync::{AtomicPtr, Ordering};

impl Mailbox {
    /// An empty one.
    pub const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed).is_null()
    }

    fn push(&self, slab: &Slab) {
        let link = &slab.remote().next;
        let this = ptr::from_ref(slab).cast_mut();
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            link.store(head, Ordering::Relaxed);
            match self.head.compare_exchange_weak(head, this, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes all that waits and calls `each` with every slab that is still this owner's.
    pub fn drain(&self, mut each: impl FnMut(&Slab)) {
        let mut at = self.head.swap(ptr::null_mut(), Ordering::Acquire);
        while !at.is_null() {
            // SAFETY: what is on the stack are slab records, which are never unmapped.
            let slab = unsafe { &*at };
            // The link is read before the slab may be queued again.
            at = slab.remote().next.load(Ordering::Relaxed);
            slab.remote().queued.swap(false, Ordering::AcqRel);
            if ptr::eq(slab.owner.load(Ordering::Relaxed), self) {
                each(slab);
            } else {
                notify(slab);
            }
        }
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Frees blocks of somebody else's slab: `bits` of word `word`. Returns those that were free already.
pub fn post(slab: &Slab, word: usize, bits: u64) -> u64 {
    let remote = slab.remote();
    if !slab.shared.load(Ordering::Relaxed) {
        slab.shared.store(true, Ordering::Relaxed);
    }
    // Read first: once they are posted, the owner may take our own bits in.
    let owners = slab.word_of(word).load(Ordering::Relaxed);
    let before = slab.remote_word_of(word).fetch_or(bits, Ordering::AcqRel);
    if before == 0 && !slab.has_one_word() {
        remote.summary.fetch_or(1 << word, Ordering::AcqRel);
    }
    if before == 0 {
        notify(slab);
    }
    (before | owners) & bits
}

/// Queues the slab with its owner unless it is queued already.
fn notify(slab: &Slab) {
    let queued = &slab.remote().queued;
    while !queued.swap(true, Ordering::AcqRel) {
        let owner = slab.owner.load(Ordering::Acquire);
        if !owner.is_null() {
            // SAFETY: owners are heaps, which are never unmapped.
            unsafe { &*owner }.push(slab);
            return;
        }
        // Nobody's: our bits were taken with somebody else's. If it found an owner meanwhile, a freer
        // may have relied on our `true`: its exchange came before ours below, so we see the owner.
        queued.swap(false, Ordering::AcqRel);
        if slab.owner.load(Ordering::Relaxed).is_null() {
            return;
        }
    }
}
