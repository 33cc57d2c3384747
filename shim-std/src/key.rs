//! A key that is made once, by whoever needs it first, without a lock: the C library may allocate as it makes one.

use hakmem_core::seam::{AtomicU32, Ordering};

/// The key plus one; 0 before there is one.
#[derive(Debug)]
pub struct Key(AtomicU32);

impl Key {
    /// Not there yet.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The key. Where there is none yet, one that `make` makes, unless somebody else was faster: then it is unmade.
    pub fn get(&self, make: impl FnOnce() -> Option<u32>, unmake: impl FnOnce(u32)) -> Option<u32> {
        let known = self.0.load(Ordering::Acquire);
        if known != 0 {
            return Some(known - 1);
        }
        let key = make()?;
        match self.0.compare_exchange(0, key + 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(key),
            Err(earlier) => {
                unmake(key);
                Some(earlier - 1)
            }
        }
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}
