//! Blocks that are not ours: some library bound its malloc to the C library's own (RTLD_DEEPBIND, another
//! namespace, a block from before us) and now hands the block to our free. It gets it back.
//!
//! A pointer is taken for the C library's only if it lies in its heap or looks like one of its chunks;
//! everything else is the client's error.

#![allow(unsafe_code, reason = "reads chunk headers and calls the next allocator")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU64, Ordering};

use hakmem_alloc::told;

use crate::maps;

/// Calls passed on.
pub(crate) static PASSED_ON: AtomicU64 = AtomicU64::new(0);

const RTLD_DEFAULT: *mut c_void = ptr::null_mut();
const RTLD_NEXT: *mut c_void = ptr::without_provenance_mut(usize::MAX);

/// Asks [`dladdr1`] for the symbol's row in its file's table.
const RTLD_DL_SYMENT: c_int = 1;
const SHN_UNDEF: u16 = 0;

/// `Elf64_Sym`.
#[repr(C)]
struct Symbol {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
    value: u64,
    size: u64,
}

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dladdr1(address: *const c_void, told: *mut [usize; 4], symbol: *mut *const Symbol, what: c_int) -> c_int;
}

/// What the kernel says about an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Writable, no file behind it.
    Anonymous,
    /// The C library's growing heap.
    Heap,
    /// The main thread's stack, or the mapping that the caller's stack is in.
    Stack,
    /// A file, a special mapping, or nothing.
    Other,
}

#[derive(Clone, Copy)]
struct Region {
    start: usize,
    end: usize,
    kind: Kind,
}

/// The mapping around an address.
fn region_of(address: usize) -> Option<Region> {
    let here = 0u8;
    let stack = ptr::from_ref(&here).addr();
    let mut found = None;
    maps::for_each(&mut |mapping| {
        let (start, end, path) = (mapping.start, mapping.end, mapping.path);
        if !(start..end).contains(&address) {
            return true;
        }
        let kind = if (start..end).contains(&stack) || path.starts_with(b"[stack") {
            Kind::Stack
        } else if path == b"[heap]" {
            Kind::Heap
        } else if mapping.is_writable && (path.is_empty() || path.starts_with(b"[anon:")) {
            Kind::Anonymous
        } else {
            Kind::Other
        };
        found = Some(Region { start, end, kind });
        false
    });
    found
}

/// True if the address is on the caller's stack.
pub(crate) fn is_on_a_stack(address: usize) -> bool {
    region_of(address).is_some_and(|region| region.kind == Kind::Stack)
}

/// True if the C library has most likely made this block, or somebody is told of every block and will say what is
/// wrong with it.
fn is_the_c_librarys(pointer: *mut c_void) -> bool {
    if told::is_on() {
        return true;
    }
    let address = pointer.addr();
    let Some(region) = region_of(address) else {
        return false;
    };
    if !address.is_multiple_of(16) || address - region.start < 16 {
        return false;
    }
    match region.kind {
        Kind::Heap => true,
        Kind::Anonymous => looks_like_a_chunk(pointer, region),
        Kind::Stack | Kind::Other => false,
    }
}

/// A chunk's head: the size before it where it was mapped alone, then its own size with three flags.
fn looks_like_a_chunk(pointer: *mut c_void, region: Region) -> bool {
    let word = |address: *mut c_void| {
        // SAFETY: callers stay within the region, which is mapped and readable.
        unsafe { address.cast::<usize>().read() }
    };
    let address = pointer.addr();
    let size = word(pointer.wrapping_byte_sub(8));
    let before = word(pointer.wrapping_byte_sub(16));
    let bytes = size & !7;
    if bytes < 32 || bytes % 16 != 0 || bytes > region.end - address + 16 {
        return false;
    }
    if size & 2 != 0 {
        return (address - 16).wrapping_sub(before) % 4096 == 0 && (before + bytes) % 4096 == 0;
    }
    // Its neighbour says that it is in use.
    let next = address - 16 + bytes;
    next + 16 <= region.end && word(pointer.wrapping_byte_add(bytes - 8)) & 1 == 1
}

/// The next definition of a symbol behind ours, as a function of type `F`.
pub(crate) fn next<F: Copy>(name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "F is a function pointer") };
    // SAFETY: a lookup that succeeds does not allocate; nothing of ours is under way if it fails.
    let symbol = unsafe { dlsym(RTLD_NEXT, name.as_ptr()) };
    if symbol.is_null() {
        return None;
    }
    // SAFETY: the callers below name the type that the C library declares.
    Some(unsafe { core::mem::transmute_copy::<*mut c_void, F>(&symbol) })
}

/// True if a function's address is that of an entry in a program that only uses it: one that takes the address of a
/// library's function, and cannot be anywhere, has such an entry, and there the function is for the whole process.
fn is_mere_entry(function: NonNull<c_void>) -> bool {
    let (mut told, mut symbol) = ([0; 4], ptr::null());
    // SAFETY: room for both answers; it reads the loader's tables and does not allocate.
    let found = unsafe { dladdr1(function.as_ptr(), &raw mut told, &raw mut symbol, RTLD_DL_SYMENT) } != 0;
    // SAFETY: null, or a row of a table of a file that stays.
    found && unsafe { symbol.as_ref() }.is_some_and(|symbol| symbol.section == SHN_UNDEF)
}

/// The first definition of a symbol, where it stands in another file than this.
pub(crate) fn goes_before_us(name: &CStr) -> Option<NonNull<c_void>> {
    unsafe extern "C" {
        static __ehdr_start: u8;
        static _end: u8;
    }
    let (start, end) = (&raw const __ehdr_start, &raw const _end);
    // SAFETY: as above.
    let first = NonNull::new(unsafe { dlsym(RTLD_DEFAULT, name.as_ptr()) })?;
    let is_ours = (start.addr()..end.addr()).contains(&first.addr().get());
    (!is_ours && !is_mere_entry(first)).then_some(first)
}

/// The first definition of a symbol that is not in this file; null if there is none.
pub(crate) fn first_but_ours(name: &CStr) -> *mut c_void {
    match goes_before_us(name) {
        Some(first) => first.as_ptr(),
        // SAFETY: as above.
        None => unsafe { dlsym(RTLD_NEXT, name.as_ptr()) },
    }
}

fn passed<T>(call: impl FnOnce() -> T) -> T {
    PASSED_ON.fetch_add(1, Ordering::Relaxed);
    call()
}

/// Frees a block of the C library's; false if it does not look like one.
#[cold]
pub(crate) fn free(pointer: *mut c_void) -> bool {
    type Free = unsafe extern "C" fn(*mut c_void);
    if !is_the_c_librarys(pointer) {
        return false;
    }
    let Some(owner) = next::<Free>(c"free") else {
        return false;
    };
    // SAFETY: the block is its owner's, as far as anybody can tell.
    passed(|| unsafe { owner(pointer) });
    true
}

/// Resizes a block of the C library's.
#[cold]
pub(crate) fn realloc(pointer: *mut c_void, size: usize) -> Option<*mut c_void> {
    type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
    if !is_the_c_librarys(pointer) {
        return None;
    }
    let owner = next::<Realloc>(c"realloc")?;
    // SAFETY: as above.
    Some(passed(|| unsafe { owner(pointer, size) }))
}

/// Bytes of a block of the C library's.
#[cold]
pub(crate) fn usable(pointer: *mut c_void) -> Option<usize> {
    type Usable = unsafe extern "C" fn(*mut c_void) -> usize;
    if !is_the_c_librarys(pointer) {
        return None;
    }
    let owner = next::<Usable>(c"malloc_usable_size")?;
    // SAFETY: as above.
    Some(passed(|| unsafe { owner(pointer) }))
}
