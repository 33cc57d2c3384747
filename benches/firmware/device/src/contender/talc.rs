//! talc behind a critical section.

use core::cell::UnsafeCell;

use critical_section::RestoreState;
use lock_api::{GuardNoSend, RawMutex};
use talc::TalcLock;
use talc::source::Manual;

use super::Contender;

/// A critical section as a mutex.
pub struct Interrupts(UnsafeCell<RestoreState>);

// SAFETY: written in the critical section alone.
unsafe impl Sync for Interrupts {}

// SAFETY: a critical section excludes everybody else.
unsafe impl RawMutex for Interrupts {
    #[allow(clippy::declare_interior_mutable_const, reason = "lock_api's way to make a lock")]
    const INIT: Self = Self(UnsafeCell::new(RestoreState::invalid()));
    type GuardMarker = GuardNoSend;

    #[inline(always)]
    fn lock(&self) {
        // SAFETY: released in `unlock`; nothing nests in between.
        unsafe { *self.0.get() = critical_section::acquire() };
    }

    fn try_lock(&self) -> bool {
        self.lock();
        true
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        // SAFETY: acquired in `lock`.
        unsafe { critical_section::release(*self.0.get()) };
    }
}

pub type Chosen = TalcLock<Interrupts, Manual>;

impl Contender for Chosen {
    const EMPTY: Self = Self::new(Manual);

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.lock().claim(start, bytes) };
    }
}
