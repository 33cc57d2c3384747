//! fork: the child inherits one thread, and every structure and lock as it was.
//!
//! Before it the gate is shut (`heap/gate.rs`): no other thread is where something shared changes, and none comes there
//! until the fork is over. Hot paths and others' frees go on: what they touch is a thread's own, or a word. A thread
//! that would need more is served by the refuge, and what it gives back waits in the backlog, in the parent and in the
//! child. Nobody waits, however long the C library waits between our handler and its call of the system.
//!
//! In the child the heaps of the threads that are gone stay as they were in the middle of whatever they did, so nobody
//! may use them: their free blocks are lost to the child, at most what those threads had cached; blocks of theirs that
//! the child frees wait in their mailboxes. Somebody may have been reading under a lock: it is let go.
//!
//! A signal handler may fork, and may have come in the middle of a call of ours. Where the process has one thread,
//! a lock that is held is that call's: it stays as it is, and the call lets it go when the handler has returned, in
//! the parent and in the child. With more threads another may wait for that lock behind the gate, and the fork waits
//! for that one, for ever; so does the C library's malloc.

#![allow(unsafe_code, reason = "lets go of locks of threads that are gone")]

use super::Allocator;
use crate::base::sync::{Ordering, Passage};
use crate::harden::Fault;
use crate::heap::Front;
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// Before a fork of the front's thread.
    pub fn before_fork(&self, front: &Front) {
        self.gate.shut(front, self.heaps.threads());
    }

    /// After it, in the parent and in the child. The fault, if there is one, is of a block that was given back
    /// meanwhile.
    ///
    /// # Safety
    ///
    /// In the child it is what its one thread does first; the parent is no child.
    pub unsafe fn after_fork(&self, front: &Front, in_child: bool) -> Result<(), Fault> {
        if !in_child {
            self.gate.open(front);
            return self.catch_up(front);
        }
        let was_inside = self.gate.has_inside(front);
        if !was_inside {
            // SAFETY: behind the gate was nobody, so who held a lock was a reader, in another thread.
            self.pass(&mut unsafe { Passage::opening() });
        }
        self.gate.open_in_child(front, self.heaps.threads());
        self.cast_anew();
        let result = self.catch_up(front);
        if !was_inside {
            self.count_one(front);
        }
        result
    }

    /// The front's thread is the only one.
    fn count_one(&self, front: &Front) {
        let thread = front.thread_heap();
        let owns = thread.is_some_and(|thread| thread.heap().is_some());
        self.heaps.threads.store(thread.is_some().into(), Ordering::Relaxed);
        self.heaps.owners.store(owns.into(), Ordering::Relaxed);
    }

    /// Locks that are held.
    #[doc(hidden)]
    pub fn held_locks(&self) -> u32 {
        let mut passage = Passage::looking();
        self.pass(&mut passage);
        passage.held()
    }

    fn pass(&self, passage: &mut Passage) {
        self.heaps.pass(passage);
        self.large.pass(passage);
        self.guarded.pass(passage);
        self.territory.pass(passage);
    }
}
