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
//!
//! A signal handler may fork, and may have come in the middle of a call of ours. Where the process has one thread,
//! a lock that is held is that call's: it stays as it is, and the call lets it go when the handler has returned, in
//! the parent and in the child. With more threads nobody can tell whose it is, and the fork waits, for ever if it is
//! its own; so does the C library's malloc.

use super::Allocator;
use crate::base::sync::{Ordering, Passage};
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// Before a fork: in the order in which they nest. `alone`: the process has one thread. Returns what
    /// [`Allocator::after_fork`] needs to know.
    pub fn before_fork(&self, alone: bool) -> u32 {
        let mut passage = Passage::before(alone);
        self.hold(&mut passage);
        passage.held()
    }

    /// After a fork, in the parent and in the child.
    pub fn after_fork(&self, held: u32, alone: bool, in_child: bool) {
        self.hold(&mut Passage::after(held));
        if in_child {
            self.cast_anew();
        }
        if in_child && !alone {
            self.heaps.threads.store(1, Ordering::Relaxed);
            self.heaps.owners.store(1, Ordering::Relaxed);
            self.territory.pool.lock().abandon_purges();
        }
    }

    fn hold(&self, passage: &mut Passage) {
        self.heaps.hold(passage);
        self.large.hold(passage);
        self.guarded.hold(passage);
        self.territory.hold(passage);
    }
}
