//! `guard_slabs`: memory behind blocks that nobody can reach. How many there may be, which the system bounds: each
//! cuts a mapping in two, and costs two of the mappings that a process may have.

use crate::base::sync::{AtomicUsize, Ordering};

/// Guards at most: 16,384 of the 65,530 mappings that Linux lets a process have.
pub(crate) const MOST_GUARDS: usize = 8192;

/// Guards that there are, and the bound.
#[derive(Debug)]
pub struct Guards {
    count: AtomicUsize,
    most: AtomicUsize,
}

impl Guards {
    /// None yet.
    pub const fn new() -> Self {
        Self { count: AtomicUsize::new(0), most: AtomicUsize::new(MOST_GUARDS) }
    }

    /// Notes one more, if there may be one.
    pub fn add(&self) -> bool {
        if self.count.fetch_add(1, Ordering::Relaxed) < self.most.load(Ordering::Relaxed) {
            return true;
        }
        self.remove();
        false
    }

    /// Notes one less.
    pub fn remove(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// The one just noted was refused: there may be no more than are left now. An eighth of them stays free, so that
    /// the program can map something itself.
    pub fn refused(&self) {
        self.remove();
        let count = self.count();
        self.most.fetch_min(count - count / 8, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Default for Guards {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
