//! The way past all locks, in the child of a fork.

#![allow(unsafe_code, reason = "lets locks go whose holders are gone")]

use super::{Lock, Relax};

/// A way past locks: it counts those that are held, and may let them go.
#[derive(Debug)]
pub struct Passage {
    opens: bool,
    held: u32,
}

impl Passage {
    /// Only looks.
    pub const fn looking() -> Self {
        Self { opens: false, held: 0 }
    }

    /// Lets go of every lock that is held.
    ///
    /// # Safety
    ///
    /// Who holds one is gone, and was only reading what it guards.
    pub const unsafe fn opening() -> Self {
        Self { opens: true, held: 0 }
    }

    /// Locks on the way that were held.
    pub const fn held(&self) -> u32 {
        self.held
    }

    /// The next lock on the way.
    pub fn pass<T, R: Relax>(&mut self, lock: &Lock<T, R>) {
        if lock.try_lock().is_some() {
            return;
        }
        self.held += 1;
        if self.opens {
            // SAFETY: the promise of `opening`.
            unsafe { lock.force_unlock() };
        }
    }
}
