//! The backlog: what has to be given back when a fork is over. Entries stand in room of the refuge that no client
//! reaches. A list that everybody may add to, and that is taken whole: it needs no lock, and the child of a fork finds
//! it whole.

#![allow(unsafe_code, reason = "entries stand in raw memory")]

use core::ptr::{self, NonNull};

use crate::base::sync::{AtomicPtr, Ordering};
use crate::heap::ThreadHeap;
use crate::pages::PageProvider;
use crate::refuge::Refuge;
use crate::slab::SizeClass;

/// What has to be given back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Late {
    /// A block.
    Block(*mut u8),
    /// A block whose client says the class.
    Sized(SizeClass, *mut u8),
    /// All that a thread had which has ended.
    Thread(*const ThreadHeap),
}

struct Entry {
    what: Late,
    next: *mut Entry,
}

/// See the file's head.
pub(super) struct Backlog {
    first: AtomicPtr<Entry>,
}

/// What was taken out of the backlog.
pub(super) struct Taken<'a, P: PageProvider> {
    next: *mut Entry,
    refuge: &'a Refuge,
    provider: &'a P,
}

impl Backlog {
    pub(super) const fn new() -> Self {
        Self { first: AtomicPtr::new(ptr::null_mut()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.load(Ordering::Relaxed).is_null()
    }

    /// Adds something. Where memory is out, it is lost.
    pub(super) fn add(&self, refuge: &Refuge, provider: &impl PageProvider, what: Late) {
        let Some(room) = refuge.allot::<Entry>(provider) else { return };
        let mut next = self.first.load(Ordering::Relaxed);
        loop {
            // SAFETY: the room is ours and large enough.
            unsafe { room.write(Entry { what, next }) };
            match self.first.compare_exchange_weak(next, room.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => next = now,
            }
        }
    }

    /// Takes all there is.
    pub(super) fn take<'a, P: PageProvider>(&self, refuge: &'a Refuge, provider: &'a P) -> Taken<'a, P> {
        Taken { next: self.first.swap(ptr::null_mut(), Ordering::AcqRel), refuge, provider }
    }
}

impl<P: PageProvider> Iterator for Taken<'_, P> {
    type Item = Late;

    fn next(&mut self) -> Option<Late> {
        let room = NonNull::new(self.next)?;
        // SAFETY: who took the list has its entries alone.
        let Entry { what, next } = unsafe { room.read() };
        self.next = next;
        self.refuge.return_room(self.provider, room);
        Some(what)
    }
}
