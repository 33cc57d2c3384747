//! Blocks that are not ours: some library bound its malloc to the C library's own (RTLD_DEEPBIND, another
//! namespace, a block from before us) and now hands the block to our free. It gets it back.
//!
//! What is certainly nobody's block is the client's error: an address that is misaligned, in a loaded file, on a stack,
//! that cannot be read, in a large block of ours, or whose head the C library would not take. Everything else goes on,
//! and is for its owner to judge. No file is read, and no call is made that a sandbox forbids.

#![allow(unsafe_code, reason = "calls the next allocator")]

use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use hakmem_alloc::seam::process::ALLOCATOR;
use hakmem_alloc::seam::witness;

use crate::{chunk, objects, readable, stack};

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
    fn getauxval(kind: c_ulong) -> c_ulong;
    fn dladdr1(address: *const c_void, told: *mut [usize; 4], symbol: *mut *const Symbol, what: c_int) -> c_int;
}

/// A function of the next allocator's, looked up once: the loader takes a lock and may allocate meanwhile.
pub(crate) struct Next {
    name: &'static CStr,
    place: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self { name, place: AtomicPtr::new(ptr::null_mut()) }
    }

    fn look_up(&self) {
        self.place.store(behind_us(self.name), Ordering::Relaxed);
    }

    /// The first one that is not ours, wherever it stands.
    pub(crate) fn look_up_first(&self) {
        self.place.store(first_but_ours(self.name), Ordering::Relaxed);
    }

    /// As a function of type `F`; `None` if there is none, or nobody has looked.
    #[inline(always)]
    pub(crate) fn function<F: Copy>(&self) -> Option<F> {
        function(self.place.load(Ordering::Relaxed))
    }
}

/// An address as a function of type `F`, unless it is null.
#[inline(always)]
fn function<F: Copy>(place: *mut c_void) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "F is a function pointer") };
    // SAFETY: callers name the type that the C library declares.
    (!place.is_null()).then(|| unsafe { core::mem::transmute_copy::<*mut c_void, F>(&place) })
}

/// The next definition of a symbol behind ours; null if there is none.
fn behind_us(name: &CStr) -> *mut c_void {
    // SAFETY: one that succeeds does not allocate; nothing of ours is under way if it fails.
    unsafe { dlsym(RTLD_NEXT, name.as_ptr()) }
}

static FREE: Next = Next::new(c"free");
static REALLOC: Next = Next::new(c"realloc");
static USABLE: Next = Next::new(c"malloc_usable_size");
static FIGURES: Next = Next::new(c"mallinfo");
/// True if those are the C library's.
static IS_THE_C_LIBRARYS: AtomicBool = AtomicBool::new(false);
/// True once the C library was seen to have arenas. Who binds to its malloc makes it so; with us few programs do.
static HAS_ARENAS: AtomicBool = AtomicBool::new(false);

/// Looks the next allocator up, and what tells its blocks from what is nobody's. At load.
pub(crate) fn prepare() {
    objects::prepare();
    stack::prepare();
    for next in [&FREE, &REALLOC, &USABLE, &FIGURES] {
        next.look_up();
    }
    let file_of = |address| objects::find(address).map(|object| object.start);
    let (next, library) =
        (file_of(FREE.place.load(Ordering::Relaxed).addr()), file_of(getauxval as *const () as usize));
    IS_THE_C_LIBRARYS.store(next.is_some() && next == library, Ordering::Relaxed);
}

/// False if the address is certainly no block of another allocator's; true too if somebody is told of every block and
/// will say what is wrong with it.
fn may_be_anothers(pointer: *mut c_void) -> bool {
    if witness::is_on() {
        return true;
    }
    let address = pointer.addr();
    address.is_multiple_of(8)
        && objects::find(address).is_none()
        && readable::was_lately(address.wrapping_sub(size_of::<usize>()))
        && !stack::holds(address)
        && (!IS_THE_C_LIBRARYS.load(Ordering::Relaxed) || may_be_the_c_librarys(pointer))
        // What a client wrote there may look like the head of a chunk.
        && !ALLOCATOR.is_in_large(address)
}

/// False if it is certainly no block of the C library's. Its head is readable.
fn may_be_the_c_librarys(pointer: *mut c_void) -> bool {
    chunk::may_be(pointer) && (chunk::is_mapped_alone(pointer) || has_arenas())
}

/// True if the C library ever took memory for blocks that it does not map alone.
fn has_arenas() -> bool {
    /// `struct mallinfo`, whose first figure is the bytes of arenas.
    #[repr(C)]
    struct Figures([c_int; 10]);
    type Mallinfo = unsafe extern "C" fn() -> Figures;
    if !HAS_ARENAS.load(Ordering::Relaxed) {
        // SAFETY: it takes nothing and returns figures.
        let figures = FIGURES.function::<Mallinfo>().map(|mallinfo| unsafe { mallinfo() });
        HAS_ARENAS.store(figures.is_none_or(|Figures([arenas, ..])| arenas != 0), Ordering::Relaxed);
    }
    HAS_ARENAS.load(Ordering::Relaxed)
}

/// The next definition of a symbol behind ours, as a function of type `F`.
pub(crate) fn next<F: Copy>(name: &CStr) -> Option<F> {
    function(behind_us(name))
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
fn first_but_ours(name: &CStr) -> *mut c_void {
    match goes_before_us(name) {
        Some(first) => first.as_ptr(),
        None => behind_us(name),
    }
}

fn passed<T>(call: impl FnOnce() -> T) -> T {
    PASSED_ON.fetch_add(1, Ordering::Relaxed);
    call()
}

/// Frees a block of another allocator's; false if it certainly is none.
#[cold]
pub(crate) fn free(pointer: *mut c_void) -> bool {
    type Free = unsafe extern "C" fn(*mut c_void);
    let Some(owner) = FREE.function::<Free>().filter(|_| may_be_anothers(pointer)) else {
        return false;
    };
    forget_if_large(pointer);
    // SAFETY: the block is its owner's, as far as anybody can tell.
    passed(|| unsafe { owner(pointer) });
    true
}

/// The memory of a chunk that was mapped alone goes with it.
fn forget_if_large(pointer: *mut c_void) {
    if !witness::is_on() && chunk::is_mapped_alone(pointer) {
        readable::forget(chunk::head(pointer).addr());
    }
}

/// Resizes a block of another allocator's.
#[cold]
pub(crate) fn realloc(pointer: *mut c_void, size: usize) -> Option<*mut c_void> {
    type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
    let owner = REALLOC.function::<Realloc>().filter(|_| may_be_anothers(pointer))?;
    forget_if_large(pointer);
    // SAFETY: as above.
    Some(passed(|| unsafe { owner(pointer, size) }))
}

/// Bytes of a block of another allocator's.
#[cold]
pub(crate) fn usable(pointer: *mut c_void) -> Option<usize> {
    type Usable = unsafe extern "C" fn(*mut c_void) -> usize;
    let owner = USABLE.function::<Usable>().filter(|_| may_be_anothers(pointer))?;
    // SAFETY: as above.
    Some(passed(|| unsafe { owner(pointer) }))
}
