//! Atomics: a value where it stands while there is one thread, else loom's object of the address.

#![allow(unsafe_code, reason = "atomics at any address")]

use core::cell::UnsafeCell;
use core::fmt;
use core::ptr;
use core::sync::atomic::Ordering;

use crate::words::{Entry, Kind, Object, entry, is_modelled};

/// As the processor's.
pub fn fence(ordering: Ordering) {
    if is_modelled() {
        loom::sync::atomic::fence(ordering);
    }
}

macro_rules! integer {
    ($name:ident, $value:ty, $kind:ident) => {
        /// See the file's head.
        #[repr(transparent)]
        pub struct $name(UnsafeCell<$value>);

        // SAFETY: loom orders the accesses of its threads, which are coroutines.
        unsafe impl Sync for $name {}
        // SAFETY: as above.
        unsafe impl Send for $name {}

        impl $name {
            /// With a value.
            pub const fn new(value: $value) -> Self {
                Self(UnsafeCell::new(value))
            }

            /// The one at an address.
            ///
            /// # Safety
            ///
            /// As the processor's.
            pub const unsafe fn from_ptr<'a>(place: *mut $value) -> &'a Self {
                // SAFETY: the caller's promise.
                unsafe { &*place.cast() }
            }

            /// Its address.
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.get()
            }

            /// By loom's object, or in place.
            fn by<T>(
                &self,
                writes: bool,
                modelled: impl FnOnce(&loom::sync::atomic::$name) -> T,
                plain: impl FnOnce(&mut $value) -> T,
            ) -> T {
                match entry(self.0.get().expose_provenance(), Kind::$kind, writes).as_deref().map(Entry::pass) {
                    Some(Object::$kind(value)) => modelled(value),
                    Some(_) => panic!("two kinds of words at one address"),
                    // SAFETY: there is one thread, or nobody writes.
                    None => plain(unsafe { &mut *self.0.get() }),
                }
            }

            /// As the processor's.
            pub fn load(&self, order: Ordering) -> $value {
                self.by(false, |object| object.load(order), |value| *value)
            }

            /// What a fork would find there: the last value, in the order of the execution.
            fn mirror(&self, value: $value) {
                // SAFETY: coroutines of one thread; nobody refers to the value.
                unsafe { self.0.get().write(value) };
            }

            /// As the processor's.
            pub fn store(&self, new: $value, order: Ordering) {
                self.by(true, |object| object.store(new, order), |_| ());
                self.mirror(new);
            }

            /// As the processor's.
            pub fn swap(&self, new: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.swap(new, order), |value| *value);
                self.mirror(new);
                old
            }

            /// As the processor's.
            pub fn fetch_add(&self, by: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.fetch_add(by, order), |value| *value);
                self.mirror(old.wrapping_add(by));
                old
            }

            /// As the processor's.
            pub fn fetch_sub(&self, by: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.fetch_sub(by, order), |value| *value);
                self.mirror(old.wrapping_sub(by));
                old
            }

            /// As the processor's.
            pub fn fetch_min(&self, other: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.fetch_min(other, order), |value| *value);
                self.mirror(old.min(other));
                old
            }

            /// As the processor's.
            pub fn fetch_max(&self, other: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.fetch_max(other, order), |value| *value);
                self.mirror(old.max(other));
                old
            }

            /// As the processor's.
            pub fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.fetch_or(bits, order), |value| *value);
                self.mirror(old | bits);
                old
            }

            /// As the processor's.
            pub fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                let old = self.by(true, |object| object.fetch_and(bits, order), |value| *value);
                self.mirror(old & bits);
                old
            }

            /// As the processor's.
            pub fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let plain = |value: &mut $value| if *value == old { Ok(old) } else { Err(*value) };
                let found = self.by(true, |object| object.compare_exchange(old, new, success, failure), plain);
                if found.is_ok() {
                    self.mirror(new);
                }
                found
            }

            /// As the processor's; it fails for no reason never.
            pub fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(old, new, success, failure)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}", self.load(Ordering::Relaxed))
            }
        }
    };
}

integer!(AtomicU8, u8, Byte);
integer!(AtomicU16, u16, Quarter);
integer!(AtomicU32, u32, Half);
integer!(AtomicU64, u64, Word);
integer!(AtomicUsize, usize, Size);

/// See the file's head.
#[repr(transparent)]
pub struct AtomicBool(AtomicU8);

impl AtomicBool {
    /// With a value.
    pub const fn new(value: bool) -> Self {
        Self(AtomicU8::new(value as u8))
    }

    /// As the processor's.
    pub fn load(&self, order: Ordering) -> bool {
        self.0.load(order) != 0
    }

    /// As the processor's.
    pub fn store(&self, new: bool, order: Ordering) {
        self.0.store(new.into(), order);
    }

    /// As the processor's.
    pub fn swap(&self, new: bool, order: Ordering) -> bool {
        self.0.swap(new.into(), order) != 0
    }
}

impl fmt::Debug for AtomicBool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// See the file's head. The value keeps its provenance while there is one thread.
#[repr(transparent)]
pub struct AtomicPtr<T>(UnsafeCell<*mut T>);

// SAFETY: as the integers.
unsafe impl<T> Sync for AtomicPtr<T> {}
// SAFETY: as above.
unsafe impl<T> Send for AtomicPtr<T> {}

impl<T> AtomicPtr<T> {
    /// With a value.
    pub const fn new(value: *mut T) -> Self {
        Self(UnsafeCell::new(value))
    }

    fn number(&self) -> &AtomicUsize {
        // SAFETY: a pointer is as long as a `usize`.
        unsafe { &*ptr::from_ref(self).cast() }
    }

    /// As the processor's.
    pub fn load(&self, order: Ordering) -> *mut T {
        ptr::with_exposed_provenance_mut(self.number().load(order))
    }

    /// As the processor's.
    pub fn store(&self, new: *mut T, order: Ordering) {
        self.number().store(new.expose_provenance(), order);
    }

    /// As the processor's.
    pub fn swap(&self, new: *mut T, order: Ordering) -> *mut T {
        ptr::with_exposed_provenance_mut(self.number().swap(new.expose_provenance(), order))
    }

    /// As the processor's; it fails for no reason never.
    pub fn compare_exchange_weak(
        &self,
        old: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.compare_exchange(old, new, success, failure)
    }

    /// As the processor's.
    pub fn compare_exchange(
        &self,
        old: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        let pointer = |number| ptr::with_exposed_provenance_mut(number);
        let (old, new) = (old.expose_provenance(), new.expose_provenance());
        self.number().compare_exchange(old, new, success, failure).map(pointer).map_err(pointer)
    }
}

impl<T> fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:p}", self.load(Ordering::Relaxed))
    }
}
