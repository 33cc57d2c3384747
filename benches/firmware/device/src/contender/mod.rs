//! Who serves: an allocator behind its lock, chosen by a feature of this package.

#[cfg_attr(feature = "null", path = "null.rs")]
#[cfg_attr(feature = "bump", path = "bump.rs")]
#[cfg_attr(feature = "llff", path = "llff.rs")]
#[cfg_attr(feature = "tlsf", path = "tlsf.rs")]
#[cfg_attr(all(feature = "lla", target_has_atomic = "ptr"), path = "lla_spin.rs")]
#[cfg_attr(all(feature = "lla", not(target_has_atomic = "ptr")), path = "lla_raw.rs")]
#[cfg_attr(feature = "talc", path = "talc.rs")]
#[cfg_attr(any(feature = "rlsf-12-16", feature = "rlsf-12-4"), path = "rlsf.rs")]
#[cfg_attr(feature = "buddy", path = "buddy.rs")]
#[cfg_attr(any(feature = "hakmem-tiny", feature = "hakmem-bounded", feature = "hakmem-slabs"), path = "hakmem.rs")]
mod chosen;
#[allow(dead_code, reason = "some contenders bring a lock of their own")]
mod locked;

pub use chosen::Chosen;

use core::alloc::GlobalAlloc;

/// An allocator for one arena.
pub trait Contender: GlobalAlloc {
    /// Without an arena.
    const EMPTY: Self;

    /// # Safety
    ///
    /// The arena is nobody else's for as long as the contender serves.
    unsafe fn adopt(&self, start: *mut u8, bytes: usize);

    /// From now on a misuse that is noticed is named, and the program ends.
    fn name_faults(&self) {}
}
