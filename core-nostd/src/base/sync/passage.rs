//! The way past all locks that a fork takes.

#![allow(unsafe_code, reason = "lets locks go that are held across a fork")]

use super::{Lock, Relax};

/// A way past locks, the same before a fork, when it takes them, and after it, when it lets them go.
#[derive(Debug)]
pub struct Passage {
    takes: bool,
    /// True if no other thread can hold a lock: one that is held is the caller's, which came here out of its midst.
    alone: bool,
    next: u32,
    /// A bit for each lock that the fork holds, in the order of the way.
    held: u32,
}

impl Passage {
    /// Before a fork: locks are taken, but those that a caller who is `alone` has already.
    pub const fn before(alone: bool) -> Self {
        Self { takes: true, alone, next: 1, held: 0 }
    }

    /// After a fork, in the parent and in the child: what [`Passage::held`] said before is let go.
    pub const fn after(held: u32) -> Self {
        Self { takes: false, alone: false, next: 1, held }
    }

    /// What the fork holds.
    pub const fn held(&self) -> u32 {
        self.held
    }

    /// The next lock on the way.
    pub fn pass<T, R: Relax>(&mut self, lock: &Lock<T, R>) {
        let bit = self.next;
        self.next <<= 1;
        if !self.takes {
            if self.held & bit != 0 {
                // SAFETY: this thread took it before the fork.
                unsafe { lock.force_unlock() };
            }
        } else if let Some(guard) = if self.alone { lock.try_lock() } else { Some(lock.lock()) } {
            core::mem::forget(guard);
            self.held |= bit;
        }
    }
}
