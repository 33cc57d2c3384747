//! A thread that gives idle memory back when no other calls any more: by setting, off by default.
//!
//! `STATE` says how it stands; its lowest bit asks the next slow path of any thread to attend.
//!
//! | state | it | left by |
//! |---|---|---|
//! | `OFF` | is not wanted, or could not be started | [`want`] → `WANTED` |
//! | `WANTED` | is not there | [`attend`], once there is idle memory → `RUNS` |
//! | `RUNS` | makes its rounds | itself: nothing is idle → `SLEEPS`, every other thread has ended → `WANTED` |
//! | `SLEEPS` | waits, without a clock | [`attend`] → `RUNS` |
//!
//! In the child of a fork it is not there: `RUNS` and `SLEEPS` → `WANTED`. It takes no signal but SIGSYS, and no block.
//! It ends when the last thread that allocated has ended, so that it keeps no process alive; the first
//! thread counts as long as it has not called `pthread_exit`.

#![allow(unsafe_code, reason = "calls pthread functions")]

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering, fence};

use rustix::thread::futex::{self, Flags, Timespec};

use crate::process::ALLOCATOR;
use crate::{fork, thread_exit};

const OFF: u32 = 0;
const WANTED: u32 = 1;
const RUNS: u32 = 2;
const SLEEPS: u32 = 3;
const ASKS: u32 = 1;

static STATE: AtomicU32 = AtomicU32::new(OFF);

/// A library that may be unloaded can have no thread in its code.
const MAY_BE_UNLOADED: bool = cfg!(feature = "dlopen");

/// Most of it stays untouched. The program's static thread-local storage is cut off it, and the last thread
/// of a process runs the program's exit handlers.
const STACK_BYTES: usize = 256 << 10;
const DETACHED: c_int = 1;
const SET_MASK: c_int = 2;
const SIGSYS: u32 = 31;

/// `pthread_attr_t`, which is at most that long.
type Attributes = [u64; 8];
/// `sigset_t`.
type Signals = [u64; 16];
type Body = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
    fn pthread_attr_init(attributes: *mut Attributes) -> c_int;
    fn pthread_attr_setstacksize(attributes: *mut Attributes, bytes: usize) -> c_int;
    fn pthread_attr_setdetachstate(attributes: *mut Attributes, state: c_int) -> c_int;
    fn pthread_attr_destroy(attributes: *mut Attributes) -> c_int;
    fn pthread_sigmask(how: c_int, new: *const Signals, old: *mut Signals) -> c_int;
    fn pthread_create(thread: *mut usize, attributes: *const Attributes, body: Body, with: *mut c_void) -> c_int;
}

/// Says whether it is wanted; once it is there, it stays.
pub fn want(wanted: bool) {
    if MAY_BE_UNLOADED {
        return;
    }
    let (from, to) = if wanted { (OFF, WANTED) } else { (WANTED, OFF) };
    if STATE.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok() && wanted {
        // The end of the first thread matters now.
        thread_exit::arm();
    }
}

/// What every slow path does last: starts or wakes it, if that is asked for. No lock is held here.
#[inline(always)]
pub fn attend() {
    if STATE.load(Ordering::Relaxed) & ASKS != 0 {
        start_or_wake();
    }
}

/// The calling thread's heap is handed over: if it was the last one, the purge thread is to end too.
pub fn thread_ended() {
    // Either it sees that nobody is left, or this thread that it sleeps.
    fence(Ordering::SeqCst);
    attend();
    if STATE.load(Ordering::Relaxed) == RUNS && ALLOCATOR.is_deserted() {
        wake();
    }
}

/// This is the child of a fork.
pub fn forked() {
    if STATE.load(Ordering::Relaxed) != OFF {
        STATE.store(WANTED, Ordering::Relaxed);
    }
}

#[cold]
fn start_or_wake() {
    let goes_on = |from| STATE.compare_exchange(from, RUNS, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    if goes_on(SLEEPS) {
        wake();
    } else if ALLOCATOR.has_idle() && !ALLOCATOR.is_deserted() && goes_on(WANTED) {
        fork::arm();
        // SAFETY: the calling thread's own; `free` must leave it as it was.
        let errno = unsafe { __errno_location().read() };
        if !start() {
            STATE.store(OFF, Ordering::Relaxed);
        }
        // SAFETY: as above.
        unsafe { __errno_location().write(errno) };
    }
}

/// The C library allocates on the way, through us: the state says already that it runs.
fn start() -> bool {
    let (mut attributes, mut thread): (Attributes, usize) = ([0; 8], 0);
    let (mut every, mut before): (Signals, Signals) = ([u64::MAX; 16], [0; 16]);
    // A sandbox that traps a system call ends a process which blocks the signal for that.
    every[0] &= !(1 << (SIGSYS - 1));
    // SAFETY: the attributes are large enough, and destroyed below if this is well.
    if unsafe { pthread_attr_init(&raw mut attributes) } != 0 {
        return false;
    }
    // SAFETY: initialised above. A new thread inherits the mask of signals, which is put back.
    unsafe {
        pthread_attr_setdetachstate(&raw mut attributes, DETACHED);
        pthread_attr_setstacksize(&raw mut attributes, STACK_BYTES);
        pthread_sigmask(SET_MASK, &raw const every, &raw mut before);
        let started = pthread_create(&raw mut thread, &raw const attributes, run, ptr::null_mut()) == 0;
        pthread_sigmask(SET_MASK, &raw const before, ptr::null_mut());
        pthread_attr_destroy(&raw mut attributes);
        started
    }
}

fn wake() {
    // It waits nowhere else.
    let _ = futex::wake(&STATE, Flags::PRIVATE, 1);
}

/// Waits while the state is this one; at most so long, if that is said.
fn wait(state: u32, milliseconds: Option<u64>) {
    let time = milliseconds.map(|ms| Timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as i64 });
    // Woken early, it looks around early.
    let _ = futex::wait(&STATE, Flags::PRIVATE, state, time.as_ref());
}

unsafe extern "C" fn run(_: *mut c_void) -> *mut c_void {
    let _ = rustix::thread::set_name(c"hakmem-purge");
    while !ALLOCATOR.is_deserted() {
        if !ALLOCATOR.round() {
            STATE.store(SLEEPS, Ordering::SeqCst);
            // What came before the state was seen by anybody shows now.
            if ALLOCATOR.round() {
                let _ = STATE.compare_exchange(SLEEPS, RUNS, Ordering::AcqRel, Ordering::Relaxed);
            }
            // The last thread may have ended before it could see that it has to wake this one.
            fence(Ordering::SeqCst);
            while STATE.load(Ordering::Acquire) == SLEEPS && !ALLOCATOR.is_deserted() {
                wait(SLEEPS, None);
            }
        }
        wait(RUNS, Some(ALLOCATOR.round_ms()));
    }
    STATE.store(WANTED, Ordering::Release);
    ptr::null_mut()
}
