//! Whether an address can be read, found out without touching it and without a file: the kernel looks at a word for
//! whoever would move waiters from there if it held what they expect. Nobody is moved, nobody waits and nobody is woken.
//! Of all calls that tell, this is one that every sandbox lets pass.

#![allow(unsafe_code, reason = "calls the kernel with an address that may lead nowhere")]

use core::sync::atomic::{AtomicUsize, Ordering};

use hakmem_alloc::seam::kernel::{FUTEX, call};

const CMP_REQUEUE_PRIVATE: usize = 4 | 128;
const EFAULT: isize = -14;

const PAGE_SHIFT: u32 = 12;
/// Pages that are remembered: the kernel's answer takes longer than all else that a free of another's block takes.
const PAGES: usize = 64;

/// Pages that could be read when they were last asked for, each where its number says.
static SEEN: [AtomicUsize; PAGES] = [const { AtomicUsize::new(0) }; PAGES];

fn place(page: usize) -> Option<&'static AtomicUsize> {
    SEEN.get(page % PAGES)
}

/// True if the word there can be read, or could be a while ago. A word is aligned.
pub(crate) fn was_lately(address: usize) -> bool {
    let page = address >> PAGE_SHIFT;
    let Some(place) = place(page) else { return false };
    if place.load(Ordering::Relaxed) == page {
        return true;
    }
    let readable = is(address);
    if readable {
        place.store(page, Ordering::Relaxed);
    }
    readable
}

/// Forgets what was found of an address: its memory may go.
pub(crate) fn forget(address: usize) {
    let page = address >> PAGE_SHIFT;
    if let Some(place) = place(page) {
        let _ = place.compare_exchange(page, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// True if the word there can be read; a word is aligned to 4. Where the kernel does not say, true.
pub(crate) fn is(address: usize) -> bool {
    // SAFETY: no number of waiters is woken, and none is moved.
    unsafe { call(FUTEX, [address, CMP_REQUEUE_PRIVATE, 0, 0, address, 0]) != EFAULT }
}
