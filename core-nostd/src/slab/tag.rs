//! What a slab's record says of the span that it belongs to, in one atomic: who changes it knows all of it.
//!
//! ```text
//! bits  0–7   class; 0 while the slab belongs to no span
//!       8–13  how many records back the span's first one is
//! ```

#![allow(unsafe_code, reason = "reads class numbers back")]

use super::SizeClass;
use crate::base::sync::{AtomicU16, Ordering};

const BACK_SHIFT: u32 = 8;
const BACK_MASK: u16 = 63;

/// See the file's head.
#[derive(Debug)]
#[repr(transparent)]
pub struct Tag(AtomicU16);

impl Tag {
    /// The span's class.
    #[inline(always)]
    pub fn class(&self) -> SizeClass {
        // SAFETY: `class-range`: only `set` and its like write there.
        unsafe { SizeClass::recorded(self.0.load(Ordering::Relaxed) as u8) }
    }

    /// How many records back the span's first one is.
    #[inline(always)]
    pub fn back(&self) -> usize {
        usize::from(self.0.load(Ordering::Relaxed) >> BACK_SHIFT & BACK_MASK)
    }

    /// The slab belongs to a span of that class, whose first record is so many back.
    pub fn set(&self, class: SizeClass, back: usize) {
        self.0.store(u16::from(class.number()) | (back as u16) << BACK_SHIFT, Ordering::Release);
    }

    /// The slab belongs to no span.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
