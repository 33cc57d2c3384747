//! How one call at a time gets to the profile.

#![allow(unsafe_code, reason = "promises exclusion")]

use core::marker::PhantomData;

/// Exclusion of everybody else: other cores, threads, interrupts.
///
/// # Safety
///
/// While `hold` runs its closure, no other closure runs under the same lock.
pub unsafe trait Lock {
    /// Runs the closure alone.
    fn hold<T>(&self, closure: impl FnOnce() -> T) -> T;
}

/// A lock that anybody may make.
pub trait FreshLock: Lock {
    /// Held by nobody.
    const FRESH: Self;
}

/// No lock: for a program of one thread whose interrupt handlers neither allocate nor free.
pub struct Unlocked(PhantomData<*mut ()>);

impl Unlocked {
    /// The promise of having no need of a lock.
    ///
    /// # Safety
    ///
    /// No two calls to the heap ever overlap: one core, one thread, none from an interrupt.
    pub const unsafe fn new() -> Self {
        Self(PhantomData)
    }
}

// SAFETY: promised at `new`.
unsafe impl Sync for Unlocked {}

// SAFETY: promised at `new`.
unsafe impl Lock for Unlocked {
    #[inline(always)]
    fn hold<T>(&self, closure: impl FnOnce() -> T) -> T {
        closure()
    }
}

/// A lock that spins. An interrupt that allocates while its own core holds it waits for ever: take
/// `CriticalSection` there.
#[cfg(any(target_has_atomic = "ptr", feature = "portable-atomic"))]
pub struct Spin(spin::mutex::SpinMutex<()>);

#[cfg(any(target_has_atomic = "ptr", feature = "portable-atomic"))]
// SAFETY: a mutex.
unsafe impl Lock for Spin {
    #[inline(always)]
    fn hold<T>(&self, closure: impl FnOnce() -> T) -> T {
        let _held = self.0.lock();
        closure()
    }
}

#[cfg(any(target_has_atomic = "ptr", feature = "portable-atomic"))]
impl FreshLock for Spin {
    const FRESH: Self = Self(spin::mutex::SpinMutex::new(()));
}

/// What a [`Heap`](super::Heap) takes where no lock is named: `CriticalSection` if there is one.
#[cfg(feature = "critical-section")]
pub type DefaultLock = CriticalSection;
/// What a [`Heap`](super::Heap) takes where no lock is named: `CriticalSection` with the feature `critical-section`.
#[cfg(all(not(feature = "critical-section"), any(target_has_atomic = "ptr", feature = "portable-atomic")))]
pub type DefaultLock = Spin;
/// What a [`Heap`](super::Heap) takes where no lock is named: `CriticalSection` with the feature `critical-section`.
/// Without it, and without compare-and-swap, a heap has to be told that it needs none.
#[cfg(all(not(feature = "critical-section"), not(any(target_has_atomic = "ptr", feature = "portable-atomic"))))]
pub type DefaultLock = Unlocked;

/// Interrupts off, or whatever the program's `critical-section` is. The longest part under it is one call of the
/// profile: no copying, no clearing.
#[cfg(feature = "critical-section")]
pub struct CriticalSection;

#[cfg(feature = "critical-section")]
// SAFETY: that is what the implementation of a critical section promises.
unsafe impl Lock for CriticalSection {
    #[inline(always)]
    fn hold<T>(&self, closure: impl FnOnce() -> T) -> T {
        critical_section::with(|_| closure())
    }
}

#[cfg(feature = "critical-section")]
impl FreshLock for CriticalSection {
    const FRESH: Self = Self;
}

/// Any lock of `lock_api`'s kind.
#[cfg(feature = "lock_api")]
pub struct Raw<R>(R);

#[cfg(feature = "lock_api")]
// SAFETY: a raw mutex promises it.
unsafe impl<R: lock_api::RawMutex> Lock for Raw<R> {
    #[inline(always)]
    fn hold<T>(&self, closure: impl FnOnce() -> T) -> T {
        self.0.lock();
        let answer = closure();
        // SAFETY: locked above, by us.
        unsafe { self.0.unlock() };
        answer
    }
}

#[cfg(feature = "lock_api")]
impl<R: lock_api::RawMutex> FreshLock for Raw<R> {
    const FRESH: Self = Self(R::INIT);
}
