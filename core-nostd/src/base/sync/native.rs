//! Those of the processor.

use core::marker::PhantomData;

pub use core::cell::Cell;
pub use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
pub(crate) use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU64, AtomicUsize};

use super::Relax;

/// Gives [`Relax`] to the spin crate.
pub struct Waiting<R>(PhantomData<R>);

impl<R: Relax> spin::RelaxStrategy for Waiting<R> {
    fn relax() {
        R::relax();
    }
}

/// A spin lock that waits as `R` says.
pub(crate) type Lock<T, R> = spin::mutex::SpinMutex<T, Waiting<R>>;

/// A lock that this thread holds.
pub(crate) type Guard<'a, T, R> = spin::mutex::SpinMutexGuard<'a, T, Waiting<R>>;
