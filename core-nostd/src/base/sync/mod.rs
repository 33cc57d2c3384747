//! Atomics, cells and the lock: the one place that a model checker replaces. Its own, in `tests/loom/seam`, are as
//! large as these and valid where memory is zero, so that all else is as it is.

#[cfg(not(loom))]
mod native;
mod passage;

#[cfg(loom)]
pub use hakmem_seam::{AtomicBool, AtomicPtr, AtomicU32, Cell, Ordering, fence};
#[cfg(loom)]
pub(crate) use hakmem_seam::{AtomicU8, AtomicU16, AtomicU64, AtomicUsize, Guard, Lock};
#[cfg(not(loom))]
pub use native::{AtomicBool, AtomicPtr, AtomicU32, Cell, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use native::{AtomicU8, AtomicU16, AtomicU64, AtomicUsize, Guard, Lock};
pub(crate) use passage::Passage;

/// What a thread does while somebody else holds a lock.
pub trait Relax {
    /// One round of waiting.
    fn relax();
}
