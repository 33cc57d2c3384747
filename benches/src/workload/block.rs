//! A block of the `malloc` under measurement.
//!
//! Declared here by hand, so that the calls go to the dynamic symbol and `LD_PRELOAD` takes them.
#![allow(unsafe_code, reason = "calls the C allocator and writes into its blocks")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn calloc(count: usize, size: usize) -> *mut c_void;
    fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
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
#[repr(transparent)]
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

    /// Allocates `size` bytes of zeros, at least one; looks at the first and the last and writes them.
    #[inline(always)]
    pub(crate) fn zeroed(size: usize) -> Self {
        // SAFETY: calloc takes any size.
        let pointer = unsafe { calloc(1, size) };
        let block = Self(NonNull::new(pointer.cast()).expect("out of memory"));
        for offset in [0, size - 1] {
            // SAFETY: `size` is not 0, so both bytes lie in the block just allocated and cleared.
            let found = unsafe { block.0.add(offset).read_volatile() };
            assert!(found == 0, "calloc({size}): byte {offset} is {found}");
        }
        for offset in [0, size - 1] {
            // SAFETY: as above.
            unsafe { block.0.add(offset).write_volatile(1) };
        }
        block
    }

    /// Takes it from `old` to `new` bytes by `realloc`, and writes a byte into each new 4 KiB and at the end.
    #[inline(always)]
    pub(crate) fn grown(self, old: usize, new: usize) -> Self {
        // SAFETY: it came from malloc, nobody else owns it, and it is not used again.
        let pointer = unsafe { realloc(self.0.as_ptr().cast(), new) };
        let block = Self(NonNull::new(pointer.cast()).expect("out of memory"));
        for offset in (old..new).step_by(4096).chain([new - 1]) {
            // SAFETY: `offset` is less than the new size.
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

/// A place through which threads hand blocks to each other; empty at first.
pub(crate) struct Handover(AtomicPtr<u8>);

impl Handover {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// Leaves a block and takes what lay there.
    #[inline(always)]
    pub(crate) fn swap(&self, block: Block) -> Option<Block> {
        NonNull::new(self.0.swap(block.0.as_ptr(), Ordering::AcqRel)).map(Block)
    }

    /// Takes what lies there.
    pub(crate) fn take(&self) -> Option<Block> {
        NonNull::new(self.0.swap(null_mut(), Ordering::AcqRel)).map(Block)
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
