//! Atomics and the lock: the one place that a model checker replaces.

use core::marker::PhantomData;

pub use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// What a thread does while somebody else holds a lock.
pub trait Relax {
    /// One round of waiting.
    fn relax();
}

/// Gives [`Relax`] to the spin crate.
pub struct Waiting<R>(PhantomData<R>);

impl<R: Relax> spin::RelaxStrategy for Waiting<R> {
    fn relax() {
        R::relax();
    }
}

/// A spin lock that waits as `R` says.
pub type Lock<T, R> = spin::mutex::SpinMutex<T, Waiting<R>>;

/// A lock that this thread holds.
pub type Guard<'a, T, R> = spin::mutex::SpinMutexGuard<'a, T, Waiting<R>>;

/// A number that one thread changes and all may read.
#[derive(Debug)]
#[repr(transparent)]
pub struct Shown(AtomicU16);

impl Shown {
    /// The number as it is, or was a moment ago.
    #[inline(always)]
    pub fn get(&self) -> u16 {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes it.
    #[inline(always)]
    pub fn set(&self, number: u16) {
        self.0.store(number, Ordering::Relaxed);
    }
}
