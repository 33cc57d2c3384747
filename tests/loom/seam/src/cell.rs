//! A cell: its value stands in memory, and loom tells if two threads use it at the same time.

#![allow(unsafe_code, reason = "a cell")]

use core::fmt;

use crate::words::{Kind, Object, entry};

/// See the file's head.
#[repr(transparent)]
pub struct Cell<T>(core::cell::UnsafeCell<T>);

impl<T> Cell<T> {
    /// With a value.
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    fn track(&self, writes: bool) {
        if let Some(entry) = entry(self.0.get().expose_provenance(), Kind::Cell, writes)
            && let Object::Cell(cell) = &entry.object
        {
            if writes { cell.with_mut(|_| ()) } else { cell.with(|_| ()) }
        }
    }

    /// The value.
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.track(false);
        // SAFETY: coroutines of one thread, which change at atomics only; who may not read was told so.
        unsafe { *self.0.get() }
    }

    /// Another value.
    pub fn set(&self, value: T) {
        self.replace(value);
    }

    /// Another value for this one.
    pub fn replace(&self, value: T) -> T {
        self.track(true);
        // SAFETY: as above.
        unsafe { self.0.get().replace(value) }
    }
}

impl<T> fmt::Debug for Cell<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Cell")
    }
}
