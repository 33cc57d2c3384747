//! fork: the child inherits one thread and every lock as it was.
//!
//! All locks are taken before and let go on both sides after. In the child the heaps of the threads that
//! are gone stay as they were in the middle of whatever they did, so nobody may use them: their free
//! blocks are lost to the child, at most what those threads had cached; blocks of theirs that the child
//! frees wait in their mailboxes.

#![allow(unsafe_code, reason = "locks are let go by another scope than took them")]

use super::Allocator;
use crate::base::sync::Ordering;
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// Before a fork: in the order in which they nest.
    pub fn before_fork(&self) {
        core::mem::forget(self.heaps.common.lock());
        self.territory.hold(true);
        self.large.hold(true);
        self.territory.hold_inner(true);
    }

    /// After a fork, in the parent and in the child.
    pub fn after_fork(&self, in_child: bool) {
        self.territory.hold_inner(false);
        self.large.hold(false);
        self.territory.hold(false);
        // SAFETY: taken by `before_fork` on this thread.
        unsafe { self.heaps.common.force_unlock() };
        if in_child {
            self.heaps.threads.store(1, Ordering::Relaxed);
        }
    }
}
