//! What a slab's record says of the span that it belongs to, in one atomic: who changes it knows all of it.
//!
//! ```text
//! bits  0–7   class; 0 while the slab belongs to no span
//!       8–13  how many records back the span's first one is
//!       15    a run that was freed and waits in a quarantine
//! ```
//!
//! A run is freed by an exchange of the whole tag. So whoever looked its record up before somebody else freed it has no
//! effect on what is made of the slab by then: a record within another run says how far, and one that waits that it does.

#![allow(unsafe_code, reason = "reads class numbers back")]

use super::SizeClass;
use crate::base::sync::{AtomicU16, Ordering};

const BACK_SHIFT: u32 = 8;
const BACK_MASK: u16 = 63;
const WAITS: u16 = 1 << 15;

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

    /// True of a run that waits in a quarantine.
    pub fn waits(&self) -> bool {
        self.0.load(Ordering::Relaxed) & WAITS != 0
    }

    /// The slab belongs to a span of that class, whose first record is so many back.
    pub fn set(&self, class: SizeClass, back: usize) {
        self.0.store(u16::from(class.number()) | (back as u16) << BACK_SHIFT, Ordering::Release);
    }

    /// The slab belongs to no span.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Takes a run that lives, or one that waits; false if none begins here that does, and then nothing has changed.
    pub fn claim_run(&self, waits: bool) -> bool {
        let run = u16::from(SizeClass::RUN.number()) | if waits { WAITS } else { 0 };
        self.0.compare_exchange(run, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// A run that was claimed waits.
    pub fn wait(&self) {
        self.0.store(u16::from(SizeClass::RUN.number()) | WAITS, Ordering::Release);
    }
}
