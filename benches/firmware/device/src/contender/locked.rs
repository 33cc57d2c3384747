//! A critical section for allocators that come without a lock.

use core::cell::UnsafeCell;

pub(crate) struct Locked<T>(UnsafeCell<T>);

// SAFETY: reached in a critical section alone.
unsafe impl<T> Sync for Locked<T> {}

impl<T> Locked<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn hold<R>(&self, closure: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: nobody else is in the critical section, and no closure of ours comes here again.
        critical_section::with(|_| closure(unsafe { &mut *self.0.get() }))
    }
}
