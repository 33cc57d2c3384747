//! Pass-through: every call goes to the process's next allocator, as if we were not there.
//!
//! | why | when it shows |
//! |---|---|
//! | a sanitizer is in the process, whose malloc sees what ours would hide | at the first slow call |
//! | valgrind has put its own functions in the place of ours, of all that it knows | at the first slow call |
//! | the setting `pass_through` | at start: what was ours before comes back to us |
//!
//! Fronts stay closed from then on, so that each call takes a slow path and asks here; elsewhere the price is one
//! look at `STATE` on each of those.

#![allow(unsafe_code, reason = "calls another allocator's functions")]

use core::arch::asm;
use core::ffi::{c_int, c_void};
use core::hint::black_box;
use core::sync::atomic::{AtomicU8, Ordering};

use hakmem_alloc::seam::{slow, valgrind};
use hakmem_core::FaultKind;

use crate::foreign::Next;
use crate::mallinfo::MallInfo;

const UNKNOWN: u8 = 0;
const OFF: u8 = 1;
const SANITIZER: u8 = 2;
const VALGRIND: u8 = 3;
const SETTING: u8 = 4;

static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// True if somebody in the process defines a symbol.
#[cfg(target_arch = "x86_64")]
macro_rules! is_defined {
    ($symbol:literal) => {{
        let address: usize;
        // SAFETY: reads what the loader has put there: null if nobody defines the symbol.
        unsafe {
            asm!(
                concat!(".weak ", $symbol),
                concat!("mov {}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                out(reg) address,
                options(pure, readonly, nostack, preserves_flags)
            );
        }
        address != 0
    }};
}

/// True if somebody in the process defines a symbol.
#[cfg(target_arch = "aarch64")]
macro_rules! is_defined {
    ($symbol:literal) => {{
        let address: usize;
        // SAFETY: reads what the loader has put there: null if nobody defines the symbol.
        unsafe {
            asm!(
                concat!(".weak ", $symbol),
                concat!("adrp {0}, :got:", $symbol),
                concat!("ldr {0}, [{0}, :got_lo12:", $symbol, "]"),
                out(reg) address,
                options(pure, readonly, nostack, preserves_flags)
            );
        }
        address != 0
    }};
}

/// A fuzzer is built with a sanitizer, but it is us that it tries.
fn is_sanitized() -> bool {
    !cfg!(fuzzing)
        && (is_defined!("__asan_init")
            || is_defined!("__tsan_init")
            || is_defined!("__msan_init")
            || is_defined!("__hwasan_init")
            || is_defined!("__lsan_init"))
}

/// Why calls are passed on, if they are.
pub(crate) fn reason() -> Option<&'static [u8]> {
    match is_on().then(|| STATE.load(Ordering::Relaxed))? {
        SANITIZER => Some(b"a sanitizer is in the process"),
        VALGRIND => Some(b"valgrind serves it"),
        _ => Some(b"setting pass_through"),
    }
}

/// True if calls are passed on.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    match STATE.load(Ordering::Relaxed) {
        OFF => false,
        UNKNOWN => find(),
        _ => true,
    }
}

#[cold]
#[inline(never)]
fn find() -> bool {
    // What the following asks of us is ours to serve.
    STATE.store(OFF, Ordering::Relaxed);
    let reason = if is_sanitized() {
        SANITIZER
    } else if valgrind::is_there() && is_replaced() {
        VALGRIND
    } else {
        return false;
    };
    begin_by(reason);
    true
}

/// True if what is called malloc does not lead to us.
fn is_replaced() -> bool {
    unsafe extern "C" {
        fn malloc(size: usize) -> *mut c_void;
        fn free(pointer: *mut c_void);
    }
    // Called by its address, which is what valgrind replaces.
    let (take, give) = (black_box(malloc as Malloc), black_box(free as Free));
    // SAFETY: as any client's.
    let block = unsafe { take(1) };
    let is_replaced = !is_ours(block);
    // SAFETY: taken just now from the same allocator.
    unsafe { give(block) };
    is_replaced
}

/// By setting, unless it is so already.
pub(crate) fn begin() {
    if !is_on() {
        begin_by(SETTING);
    }
}

/// The functions are looked up before the first is called: the loader itself calls `free` while it looks.
fn begin_by(reason: u8) {
    for next in &NEXT {
        next.look_up_first();
    }
    STATE.store(reason, Ordering::Relaxed);
}

/// False if the address was never ours.
fn is_ours(pointer: *mut c_void) -> bool {
    // SAFETY: C's contract.
    let usable = unsafe { slow::usable(pointer.cast()) };
    !matches!(usable, Err(fault) if fault.kind == FaultKind::Foreign)
}

/// The function of this row, if calls are passed on and there is one.
#[inline(always)]
fn next<F: Copy>(row: usize) -> Option<F> {
    NEXT.get(row).filter(|_| is_on())?.function()
}

type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);
type Calloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type PosixMemalign = unsafe extern "C" fn(*mut *mut c_void, usize, usize) -> c_int;
type Usable = unsafe extern "C" fn(*mut c_void) -> usize;
type Trim = unsafe extern "C" fn(usize) -> c_int;
type Mallopt = unsafe extern "C" fn(c_int, c_int) -> c_int;
type Info<T> = unsafe extern "C" fn() -> MallInfo<T>;
type Stats = unsafe extern "C" fn();
type MallocInfo = unsafe extern "C" fn(c_int, *mut c_void) -> c_int;

static NEXT: [Next; 13] = [
    Next::new(c"malloc"),
    Next::new(c"free"),
    Next::new(c"calloc"),
    Next::new(c"realloc"),
    Next::new(c"memalign"),
    Next::new(c"posix_memalign"),
    Next::new(c"malloc_usable_size"),
    Next::new(c"malloc_trim"),
    Next::new(c"mallopt"),
    Next::new(c"mallinfo"),
    Next::new(c"mallinfo2"),
    Next::new(c"malloc_stats"),
    Next::new(c"malloc_info"),
];
const MALLOC: usize = 0;
const FREE: usize = 1;
const CALLOC: usize = 2;
const REALLOC: usize = 3;
const MEMALIGN: usize = 4;
const POSIX_MEMALIGN: usize = 5;
const USABLE: usize = 6;
const TRIM: usize = 7;
const MALLOPT: usize = 8;
const MALLINFO: usize = 9;
const MALLINFO2: usize = 10;
const STATS: usize = 11;
const MALLOC_INFO: usize = 12;

// Each of the following answers `None` (or false) where the call is ours to serve.

#[inline(always)]
pub(crate) fn malloc(size: usize) -> Option<*mut c_void> {
    // SAFETY: any size may be asked for.
    next::<Malloc>(MALLOC).map(|malloc| unsafe { malloc(size) })
}

#[inline(always)]
pub(crate) fn calloc(bytes: usize) -> Option<*mut c_void> {
    // SAFETY: as above.
    next::<Calloc>(CALLOC).map(|calloc| unsafe { calloc(1, bytes) })
}

#[inline(always)]
pub(crate) fn memalign(alignment: usize, size: usize) -> Option<*mut c_void> {
    if alignment <= 16 {
        return malloc(size);
    }
    // SAFETY: as above; the alignment is a power of two.
    next::<Calloc>(MEMALIGN).map(|memalign| unsafe { memalign(alignment, size) })
}

/// # Safety
///
/// `place` can be written.
#[inline(always)]
pub(crate) unsafe fn posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> Option<c_int> {
    // SAFETY: the caller's promise.
    next::<PosixMemalign>(POSIX_MEMALIGN).map(|take| unsafe { take(place, alignment, size) })
}

#[inline(always)]
pub(crate) fn free(pointer: *mut c_void) -> bool {
    let Some(free) = next::<Free>(FREE).filter(|_| !is_ours(pointer)) else { return false };
    // SAFETY: not ours, so the next allocator's, or for it to complain of.
    unsafe { free(pointer) };
    true
}

#[inline(always)]
pub(crate) fn realloc(pointer: *mut c_void, size: usize) -> Option<*mut c_void> {
    let realloc = next::<Realloc>(REALLOC)?;
    if !is_ours(pointer) {
        // SAFETY: as above.
        return Some(unsafe { realloc(pointer, size) });
    }
    move_out(pointer, size)
}

/// A block of ours is resized: it moves over.
#[cold]
fn move_out(pointer: *mut c_void, size: usize) -> Option<*mut c_void> {
    // What is no live block is for our own path to name.
    // SAFETY: C's contract.
    let old = unsafe { slow::usable(pointer.cast()) }.ok()?;
    let block = malloc(size)?;
    if !block.is_null() {
        // SAFETY: both blocks are that long and different.
        unsafe { block.cast::<u8>().copy_from_nonoverlapping(pointer.cast(), old.min(size)) };
        // It was live just now.
        // SAFETY: C's contract.
        let _ = unsafe { slow::give(pointer.cast()) };
    }
    Some(block)
}

#[inline(always)]
pub(crate) fn usable(pointer: *mut c_void) -> Option<usize> {
    // SAFETY: as above.
    next::<Usable>(USABLE).filter(|_| !is_ours(pointer)).map(|usable| unsafe { usable(pointer) })
}

pub(crate) fn trim(keep: usize) -> Option<c_int> {
    // SAFETY: any number will do.
    next::<Trim>(TRIM).map(|trim| unsafe { trim(keep) })
}

pub(crate) fn mallopt(parameter: c_int, value: c_int) -> Option<c_int> {
    // SAFETY: as above.
    next::<Mallopt>(MALLOPT).map(|mallopt| unsafe { mallopt(parameter, value) })
}

pub(crate) fn mallinfo() -> Option<MallInfo<c_int>> {
    // SAFETY: no argument to be wrong.
    next::<Info<c_int>>(MALLINFO).map(|info| unsafe { info() })
}

pub(crate) fn mallinfo2() -> Option<MallInfo<usize>> {
    // SAFETY: as above.
    next::<Info<usize>>(MALLINFO2).map(|info| unsafe { info() })
}

pub(crate) fn stats() -> Option<()> {
    // SAFETY: as above.
    next::<Stats>(STATS).map(|stats| unsafe { stats() })
}

/// # Safety
///
/// `stream` is an open `FILE*`.
pub(crate) unsafe fn malloc_info(options: c_int, stream: *mut c_void) -> Option<c_int> {
    // SAFETY: the caller's promise.
    next::<MallocInfo>(MALLOC_INFO).map(|info| unsafe { info(options, stream) })
}
