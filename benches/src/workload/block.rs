//! A block of the `malloc` under measurement.
//!
//! Declared here by hand, so that the calls go to the dynamic symbol and `LD_PRELOAD` takes them.
#![allow(unsafe_code, reason = "calls the C allocator and writes into its blocks")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(pointer: *mut c_void);
    fn dladdr(address: *const c_void, symbol: *mut SymbolOrigin) -> c_int;
}

/// `Dl_info` of <dlfcn.h>.
#[repr(C)]
struct SymbolOrigin {
    file_name: *const c_char,
    file_base: *const c_void,
    symbol_name: *const c_char,
    symbol_address: *const c_void,
}

/// An owned block; leaks when dropped without `free`, so that the loops pay for no drop.
#[must_use]
pub(crate) struct Block(NonNull<u8>);

// SAFETY: any thread may use and free a block of malloc.
unsafe impl Send for Block {}

impl Block {
    /// Allocates `size` bytes, at least one, and writes the first and the last.
    #[inline(always)]
    pub(crate) fn with_ends(size: usize) -> Self {
        let block = Self::allocate(size);
        // SAFETY: `size` is not 0, so both bytes lie in the block just allocated.
        unsafe {
            block.0.write_volatile(1);
            block.0.add(size - 1).write_volatile(2);
        }
        block
    }

    /// Allocates `size` bytes and writes a byte every 4 KiB.
    #[inline(always)]
    pub(crate) fn with_pages(size: usize) -> Self {
        let block = Self::allocate(size);
        for offset in (0..size).step_by(4096) {
            // SAFETY: `offset` is less than the size just allocated.
            unsafe { block.0.add(offset).write_volatile(1) };
        }
        block
    }

    #[inline(always)]
    fn allocate(size: usize) -> Self {
        // SAFETY: malloc takes any size.
        let pointer = unsafe { malloc(size) };
        Self(NonNull::new(pointer.cast()).expect("out of memory"))
    }

    /// Gives it back.
    #[inline(always)]
    pub(crate) fn free(self) {
        // SAFETY: it came from malloc and nobody else owns it.
        unsafe { free(self.0.as_ptr().cast()) };
    }
}

/// The file that `malloc` of this process lies in.
pub(crate) fn malloc_origin() -> String {
    let mut origin = SymbolOrigin { file_name: null(), file_base: null(), symbol_name: null(), symbol_address: null() };
    // SAFETY: the address is only looked up, and `origin` is a valid place for the answer.
    let found = unsafe { dladdr(malloc as *const c_void, &raw mut origin) };
    if found == 0 || origin.file_name.is_null() {
        return "unknown".into();
    }
    // SAFETY: dladdr gave a C string that lives as long as the library stays loaded.
    unsafe { CStr::from_ptr(origin.file_name) }.to_string_lossy().into_owned()
}
