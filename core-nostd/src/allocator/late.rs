//! What was given back amid a fork goes its way when the fork is over.

#![allow(unsafe_code, reason = "passes a client's promise on")]

use core::ptr;

use super::Allocator;
use super::backlog::Late;
use crate::base::sync::{Ordering, fence};
use crate::config::flags::Watch;
use crate::harden::Fault;
use crate::heap::{Front, ThreadHeap};
use crate::pages::PageProvider;

impl<P: PageProvider> Allocator<P> {
    /// The gate is shut: this has to wait.
    #[cold]
    pub(super) fn do_later(&self, front: &Front, what: Late) -> Result<(), Fault> {
        self.backlog.add(&self.territory.refuge, &self.territory.provider, what);
        self.catch_up(front)
    }

    /// Gives back what had to wait, unless another fork is under way: then its end does so. Who adds something and who
    /// opens the gate both come by here, and the later one sees what the other did.
    pub(super) fn catch_up(&self, front: &Front) -> Result<(), Fault> {
        let mut result = Ok(());
        loop {
            fence(Ordering::SeqCst);
            if self.backlog.is_empty() || self.gate.is_shut_to(front) || self.gate.has_inside(front) {
                return result;
            }
            for what in self.backlog.take(&self.territory.refuge, &self.territory.provider) {
                result = result.and(self.do_now(front, what));
            }
        }
    }

    /// If the gate is shut again, it waits again.
    fn do_now(&self, front: &Front, what: Late) -> Result<(), Fault> {
        match what {
            // SAFETY: its client has said so.
            Late::Block(block) => unsafe { self.give_slow(front, block) },
            // SAFETY: as above.
            Late::Sized(class, block) => unsafe { self.give_sized(front, class, block) },
            Late::Thread(thread) => {
                // SAFETY: it stays here.
                let own = unsafe { Front::new() };
                own.thread.set(thread);
                own.forks.store(front.forks.load(Ordering::Relaxed), Ordering::Relaxed);
                self.end_thread(&own)
            }
        }
    }

    /// A thread ends amid a fork: all that it has stays in its thread heap, out of the front's reach.
    #[cold]
    pub(super) fn end_later(&self, front: &Front, thread: &ThreadHeap) -> Result<(), Fault> {
        thread.close(front, Watch::ZONES);
        front.thread.set(ThreadHeap::gone());
        thread.front.store(ptr::null_mut(), Ordering::Relaxed);
        self.do_later(front, Late::Thread(thread))
    }
}
