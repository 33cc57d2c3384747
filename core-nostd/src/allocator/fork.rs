//! fork: the child inherits one thread and every lock as it was.
//!
//! All locks are taken before and let go on both sides after. In the child the heaps of the threads that
//! are gone stay as they were in the middle of whatever they did, so nobody may use them: their free
//! blocks are lost to the child, at most what those threads had cached; blocks of theirs that the child
//! frees wait in their mailboxes.
//!
//! What another thread was asking of the system at that moment is of no harm: growth is made known under
//! the pool's lock or not at all (`superslab/growth.rs`), and what was being purged is free again. A run that
//! it was just mapping is lost to the child as addresses, untouched.

use super::Allocator;
use crate::base::sync::Ordering;
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// Before a fork: in the order in which they nest.
    pub fn before_fork(&self) {
        self.heaps.hold(true);
        self.large.hold(true);
        self.guarded.hold(true);
        self.territory.hold(true);
    }

    /// After a fork, in the parent and in the child.
    pub fn after_fork(&self, in_child: bool) {
        self.territory.hold(false);
        self.guarded.hold(false);
        self.large.hold(false);
        self.heaps.hold(false);
        if in_child {
            self.heaps.threads.store(1, Ordering::Relaxed);
            self.territory.pool.lock().abandon_purges();
        }
    }
}
