//! An array on pages straight from the kernel, so that the workload's own bookkeeping is not on the measured heap.
#![allow(unsafe_code, reason = "maps memory and views it as a slice")]

use std::ffi::{c_int, c_void};
use std::ops::{Deref, DerefMut};
use std::ptr::{NonNull, null_mut};

use crate::workload::block::Block;

const PROT_READ_WRITE: c_int = 3;
const MAP_PRIVATE_ANONYMOUS: c_int = 0x22;
const MAP_FAILED: *mut c_void = !0usize as *mut c_void;

unsafe extern "C" {
    fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> c_int;
}

/// A type whose value of all zero bytes is a valid one, and that needs no drop.
///
/// # Safety
/// Both must be so.
pub(crate) unsafe trait Zeroable {}

// SAFETY: 0 is a number.
unsafe impl Zeroable for u32 {}

// SAFETY: `Block` is a transparent `NonNull`, of whose `Option` all zeros is `None`; it leaks rather than drops.
unsafe impl Zeroable for Option<Block> {}

/// Zeroed values on pages of their own; given back when dropped.
pub(crate) struct Pages<T: Zeroable> {
    first: NonNull<T>,
    count: usize,
}

impl<T: Zeroable> Pages<T> {
    /// Maps room for `count` values, at least one.
    pub(crate) fn zeroed(count: usize) -> Self {
        // SAFETY: a fresh mapping touches nothing that exists.
        let address =
            unsafe { mmap(null_mut(), count * size_of::<T>(), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0) };
        assert!(address != MAP_FAILED, "mmap: out of memory");
        Self { first: NonNull::new(address.cast()).expect("never mapped at 0"), count }
    }
}

impl<T: Zeroable> Deref for Pages<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: `count` values are mapped, aligned to a page, valid as zeros, and borrowed with `self`.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl<T: Zeroable> DerefMut for Pages<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr(), self.count) }
    }
}

impl<T: Zeroable> Drop for Pages<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by us with this length, and no longer borrowed.
        unsafe { munmap(self.first.as_ptr().cast(), self.count * size_of::<T>()) };
    }
}
