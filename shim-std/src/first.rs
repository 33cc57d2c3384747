//! Who comes first.

use hakmem_core::seam::{AtomicBool, Ordering};

/// A door that tells its first caller.
#[derive(Debug)]
pub struct First(AtomicBool);

impl First {
    /// Nobody came yet.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// True for one caller of all.
    pub fn is_first(&self) -> bool {
        !self.0.load(Ordering::Relaxed) && !self.0.swap(true, Ordering::Relaxed)
    }
}

impl Default for First {
    fn default() -> Self {
        Self::new()
    }
}
