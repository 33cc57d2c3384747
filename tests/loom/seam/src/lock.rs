//! The lock: one of loom's, so that who waits is blocked and a deadlock is told.

#![allow(unsafe_code, reason = "a lock")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr;
use std::rc::Rc;

use loom::sync::{Mutex, MutexGuard};

use crate::held;
use crate::words::{Entry, Kind, Object, entry};

/// See the file's head; `R` is what waits in the real one.
pub struct Lock<T, R> {
    /// True if it is held: what a child of a fork finds.
    held: UnsafeCell<bool>,
    value: UnsafeCell<T>,
    waits: PhantomData<fn() -> R>,
}

// SAFETY: a lock.
unsafe impl<T: Send, R> Sync for Lock<T, R> {}
// SAFETY: as its value.
unsafe impl<T: Send, R> Send for Lock<T, R> {}

/// A lock that this thread holds.
pub struct Guard<'a, T, R> {
    lock: &'a Lock<T, R>,
}

impl<T, R> Lock<T, R> {
    /// Held by nobody.
    pub const fn new(value: T) -> Self {
        Self { held: UnsafeCell::new(false), value: UnsafeCell::new(value), waits: PhantomData }
    }

    fn entry(&self) -> Option<Rc<Entry>> {
        entry(self.held.get().expose_provenance(), Kind::Lock, true)
    }

    fn take(&self, get: impl FnOnce(&Mutex<()>) -> Option<MutexGuard<'_, ()>>) -> Option<Guard<'_, T, R>> {
        match self.entry().as_deref().map(|entry| &entry.object) {
            Some(Object::Lock(mutex, held)) => {
                let guard = get(mutex)?;
                // SAFETY: guard and mutex are in one object, and the guard goes first.
                *held.borrow_mut() =
                    Some(unsafe { core::mem::transmute::<MutexGuard<'_, ()>, MutexGuard<'_, ()>>(guard) });
            }
            // SAFETY: there is one thread.
            _ if unsafe { *self.held.get() } => return None,
            _ => {}
        }
        // SAFETY: coroutines of one thread.
        unsafe { *self.held.get() = true };
        held::add();
        Some(Guard { lock: self })
    }

    /// Waits for it.
    pub fn lock(&self) -> Guard<'_, T, R> {
        self.take(|mutex| mutex.lock().ok()).expect("the only thread does not wait for itself")
    }

    /// Takes it if nobody holds it.
    pub fn try_lock(&self) -> Option<Guard<'_, T, R>> {
        self.take(|mutex| mutex.try_lock().ok())
    }

    /// Lets go of it.
    ///
    /// # Safety
    ///
    /// This thread holds it, and has forgotten the guard.
    pub unsafe fn force_unlock(&self) {
        // SAFETY: as above.
        assert!(unsafe { self.held.get().replace(false) }, "who lets go of a lock holds it");
        held::remove();
        if let Some(Object::Lock(_, held)) = self.entry().as_deref().map(|entry| &entry.object) {
            let guard = held.borrow_mut().take();
            drop(guard);
        }
    }
}

impl<T, R> Drop for Guard<'_, T, R> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: this thread took it.
            unsafe { self.lock.force_unlock() };
        }
    }
}

impl<T, R> Deref for Guard<'_, T, R> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread holds the lock.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T, R> DerefMut for Guard<'_, T, R> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T, R> core::fmt::Debug for Lock<T, R> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Lock at {:p}", ptr::from_ref(self))
    }
}
