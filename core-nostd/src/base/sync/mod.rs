//! Atomics, cells and the lock: the one place that a model checker replaces. Its own, in `tests/loom/seam`, are as
//! large as these and valid where memory is zero, so that all else is as it is.

#[cfg(not(loom))]
mod native;
mod passage;

#[cfg(loom)]
pub use hakmem_seam::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Cell, Guard, Lock, Ordering, fence,
};
#[cfg(not(loom))]
pub use native::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Cell, Guard, Lock, Ordering,
    Waiting, fence,
};
pub use passage::Passage;

/// What a thread does while somebody else holds a lock.
pub trait Relax {
    /// One round of waiting.
    fn relax();
}
