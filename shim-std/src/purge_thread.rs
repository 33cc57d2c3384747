//! A thread that gives idle memory back when no other calls any more. How it stands is said in `purge_state.rs`; here is
//! what the C library and the system do.
//!
//! It takes no signal but SIGSYS, and no block. It ends when nothing is idle any more, and when the last thread that
//! allocated has ended, so that it keeps no process alive; the first thread counts as long as it has not called
//! `pthread_exit`.

#![allow(unsafe_code, reason = "calls pthread functions")]

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use hakmem_core::seam::AtomicU32;
use hakmem_core::{PurgeThread, Settings};
use rustix::thread::futex::{self, Flags, Timespec};

use crate::front;
use crate::process::ALLOCATOR;
use crate::purge_state::{State, World};
use crate::witness::ours;

static STATE: State = State::new(if MAY_BE_UNLOADED { PurgeThread::Never } else { Settings::new().purge_thread });

/// The process.
struct Process;

/// A library that may be unloaded can have no thread in its code.
const MAY_BE_UNLOADED: bool = cfg!(feature = "dlopen");

/// Most of it stays untouched. The program's static thread-local storage is cut off it, and the last thread
/// of a process runs the program's exit handlers.
const STACK_BYTES: usize = 256 << 10;
/// Idle bytes that are worth a thread which nobody asked for.
const MUCH_IDLE: usize = 8 << 20;
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

/// See [`State::want`].
pub(crate) fn want(wish: PurgeThread) -> bool {
    !MAY_BE_UNLOADED && STATE.want(wish)
}

/// What every slow path does last: starts it, if that is asked for. No lock is held here.
#[inline(always)]
pub(crate) fn attend() {
    STATE.attend(&Process);
}

/// The C library's word on whether the process has one thread only; null: unknown.
static SINGLE: AtomicPtr<AtomicU8> = AtomicPtr::new(ptr::null_mut());

/// Has that word looked at too, which is 0 once there is a second thread: also one that never allocates.
pub fn watch(single: &'static AtomicU8) {
    SINGLE.store(ptr::from_ref(single).cast_mut(), Ordering::Relaxed);
}

#[cold]
fn has_threads() -> bool {
    // SAFETY: null, or what `watch` was given, which lives for good.
    let single = unsafe { SINGLE.load(Ordering::Relaxed).as_ref() };
    ALLOCATOR.threads() > 1 || single.is_some_and(|single| single.load(Ordering::Relaxed) == 0)
}

/// See [`State::thread_ended`].
pub(crate) fn thread_ended() {
    STATE.thread_ended(&Process);
}

/// This is the child of a fork.
pub(crate) fn forked() {
    STATE.forked();
}

impl World for Process {
    fn has_idle(&self) -> bool {
        ALLOCATOR.idle_bytes() > 0
    }

    fn has_much_idle(&self) -> bool {
        ALLOCATOR.idle_bytes() >= MUCH_IDLE && has_threads()
    }

    fn is_deserted(&self) -> bool {
        ALLOCATOR.threads() == 0
    }

    fn round(&self) -> bool {
        ours(|| ALLOCATOR.round(front::own()))
    }

    fn start(&self) -> bool {
        // SAFETY: the calling thread's own; `free` must leave it as it was.
        let errno = unsafe { __errno_location().read() };
        let is_there = start();
        // SAFETY: as above.
        unsafe { __errno_location().write(errno) };
        is_there
    }

    fn wake(&self, word: &AtomicU32) {
        // It waits nowhere else.
        let _ = futex::wake(word, Flags::PRIVATE, 1);
    }

    fn rest(&self, word: &AtomicU32, state: u32) {
        let ms = ALLOCATOR.round_ms();
        let time = Timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as i64 };
        // Woken early, it looks around early.
        let _ = futex::wait(word, Flags::PRIVATE, state, Some(&time));
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

unsafe extern "C" fn run(_: *mut c_void) -> *mut c_void {
    let _ = rustix::thread::set_name(c"hakmem-purge");
    STATE.run(&Process);
    ptr::null_mut()
}
