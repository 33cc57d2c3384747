//! Addresses that are certainly on a stack, known without a file.
//!
//! The kernel maps nothing within [`GAP`] below the start of the main thread's stack, so that much below its end is
//! stack, whatever it has grown to. Another thread's stack ends where the C library keeps the thread itself: what is
//! between there and the stack pointer is stack if no page on the way is shut, as the one below the stack is. A thread
//! may run on a stack that it made, and a block of somebody's may lie anywhere else.

#![allow(unsafe_code, reason = "asks where the thread is")]

use core::ffi::{CStr, c_ulong};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::readable;

const AT_EXECFN: c_ulong = 31;
const PAGE_BYTES: usize = 4096;
/// The kernel's own distance, 256 pages or more.
const GAP: usize = 1 << 20;
/// How far below the thread itself is looked.
const NEAR: usize = 256 << 10;

unsafe extern "C" {
    fn getauxval(kind: c_ulong) -> c_ulong;
    fn pthread_self() -> usize;
}

/// The main thread; 0 before anybody looked.
static MAIN: AtomicUsize = AtomicUsize::new(0);
/// It is not known, since another one loaded us: then every thread's stack is looked at as another's. The main thread's
/// own lies above the thread itself, so that only one that it made can be taken for that.
const UNKNOWN: usize = 1;
/// Where its stack ends.
static END: AtomicUsize = AtomicUsize::new(0);

/// Looks where the main thread's stack ends, and whether that is the caller. At load.
pub(crate) fn prepare() {
    // SAFETY: getauxval only reads what the kernel left on the stack.
    let name = unsafe { getauxval(AT_EXECFN) } as usize;
    if name == 0 {
        return;
    }
    // SAFETY: the program's name, the last string before the stack's end.
    let length = unsafe { CStr::from_ptr(ptr::with_exposed_provenance(name)) }.count_bytes();
    let end = (name + length).next_multiple_of(PAGE_BYTES);
    END.store(end, Ordering::Relaxed);
    // SAFETY: always succeeds.
    let main = if is_below(pointer(), end) { unsafe { pthread_self() } } else { UNKNOWN };
    MAIN.store(main, Ordering::Relaxed);
}

fn pointer() -> usize {
    let here = 0u8;
    ptr::from_ref(&here).addr()
}

fn is_below(address: usize, end: usize) -> bool {
    (end.saturating_sub(GAP)..end).contains(&address)
}

/// True if the address is certainly on the main thread's stack or the caller's.
pub(crate) fn holds(address: usize) -> bool {
    is_below(address, END.load(Ordering::Relaxed)) || is_on_the_threads(address)
}

fn is_on_the_threads(address: usize) -> bool {
    // SAFETY: always succeeds.
    let (thread, main) = (unsafe { pthread_self() }, MAIN.load(Ordering::Relaxed));
    let is_between = pointer() < address && address < thread && thread - address <= NEAR;
    let mut pages = (address & !(PAGE_BYTES - 1)..thread).step_by(PAGE_BYTES);
    main != 0 && thread != main && is_between && pages.all(readable::is)
}
