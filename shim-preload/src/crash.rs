//! A crash is told, if it is ours: on a guarded block, inside the allocator, or on memory of ours that is free. Then
//! the signal goes on to whoever had it before, so that exit status and core dump are as without us.
//!
//! No stack of ours is installed for handlers: on one that overflowed the kernel ends the process as ever, unless
//! the program has an alternate stack. A program that sets a handler later replaces ours. SIGABRT is left alone:
//! where we abort, the line was written before.

#![allow(unsafe_code, reason = "handles signals")]

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use hakmem_alloc::seam::LinuxPages;
use hakmem_alloc::seam::line::Line;
use hakmem_alloc::seam::process::ALLOCATOR;
use hakmem_alloc::seam::{caller, slow};
use hakmem_core::pages::Relax;
use hakmem_core::seam::{Ground, Sight, Trespass};

use crate::context::Registers;
use crate::{context, doors, errno, traces, unwinder};

const SIGBUS: c_int = 7;
const SIGSEGV: c_int = 11;
const SIGNALS: [c_int; 2] = [SIGSEGV, SIGBUS];
const SA_SIGINFO: c_int = 4;
const SA_ONSTACK: c_int = 0x0800_0000;
const SIG_DEFAULT: usize = 0;
const SIG_IGNORE: usize = 1;
const SIG_BLOCK: c_int = 0;
/// Turns that a second crash waits for the first one's words.
const PATIENCE: usize = 100_000;

/// `struct sigaction`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Action {
    handler: usize,
    mask: [u64; 16],
    flags: c_int,
    restorer: usize,
}

/// `siginfo_t`, as far as it is read.
#[repr(C)]
struct Told {
    signal: c_int,
    errno: c_int,
    code: c_int,
    address: usize,
}

unsafe extern "C" {
    fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int;
    fn pthread_sigmask(how: c_int, new: *const [u64; 16], old: *mut [u64; 16]) -> c_int;
    fn raise(signal: c_int) -> c_int;
}

/// Who had the signals before us; never freed.
static BEFORE: AtomicPtr<[Action; 2]> = AtomicPtr::new(ptr::null_mut());
/// The thread that tells of its crash.
static TELLS: AtomicU64 = AtomicU64::new(0);

/// Has crashes told from now on.
pub(crate) fn watch() {
    let room = slow::take(size_of::<[Action; 2]>()).cast::<[Action; 2]>();
    if room.is_null() {
        return;
    }
    let none = Action { handler: SIG_DEFAULT, mask: [0; 16], flags: 0, restorer: 0 };
    let mut before = [none; 2];
    for (signal, before) in SIGNALS.into_iter().zip(&mut before) {
        // SAFETY: asks only.
        unsafe { sigaction(signal, ptr::null(), before) };
    }
    // SAFETY: so long, aligned to 16, and ours for ever.
    unsafe { room.write(before) };
    BEFORE.store(room, Ordering::Release);
    let ours = Action { handler: on_signal as *const () as usize, flags: SA_SIGINFO | SA_ONSTACK, ..none };
    for signal in SIGNALS {
        // SAFETY: the handler fits its flags, and its code stays.
        unsafe { sigaction(signal, &raw const ours, ptr::null_mut()) };
    }
}

unsafe extern "C" fn on_signal(signal: c_int, told: *mut Told, context: *mut c_void) {
    // The interrupted thread's own, put back below.
    let errno = errno::get();
    // SAFETY: the kernel's record.
    let (code, address) = unsafe { ((*told).code, (*told).address) };
    if code > 0 {
        tell(signal, address, context);
    }
    errno::set(errno);
    pass_on(signal, code, told, context);
}

/// The signal goes where it would have gone.
fn pass_on(signal: c_int, code: c_int, told: *mut Told, context: *mut c_void) {
    // SAFETY: written whole before our handler was there.
    let before = unsafe { BEFORE.load(Ordering::Acquire).as_ref() };
    let before = before.and_then(|before| SIGNALS.iter().zip(before).find(|(own, _)| **own == signal));
    let Some((_, before)) = before else { return };
    match before.handler {
        SIG_IGNORE if code <= 0 => {}
        SIG_DEFAULT | SIG_IGNORE => {
            // SAFETY: as it was before us.
            unsafe { sigaction(signal, before, ptr::null_mut()) };
            // What the thread did it does again when we return; what somebody sent would not come again.
            if code <= 0 {
                // SAFETY: it is blocked until we return.
                unsafe { raise(signal) };
            }
        }
        handler => {
            // SAFETY: signals that the handler wants blocked; the kernel puts the mask back.
            unsafe { pthread_sigmask(SIG_BLOCK, &raw const before.mask, ptr::null_mut()) };
            if before.flags & SA_SIGINFO != 0 {
                type Handler = unsafe extern "C" fn(c_int, *mut Told, *mut c_void);
                // SAFETY: its flags say that it takes three.
                unsafe { core::mem::transmute::<usize, Handler>(handler)(signal, told, context) };
            } else {
                type Handler = unsafe extern "C" fn(c_int);
                // SAFETY: its flags say that it takes one.
                unsafe { core::mem::transmute::<usize, Handler>(handler)(signal) };
            }
        }
    }
}

fn tell(signal: c_int, address: usize, context: *mut c_void) {
    let own = caller::thread();
    for _ in 0..PATIENCE {
        // The first one's process is about to end.
        if TELLS.compare_exchange(0, own, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            break;
        }
        LinuxPages::relax();
    }
    let registers = context::registers(context);
    if let Some(sight) = ALLOCATOR.sight(address) {
        tell_of_guarded(&sight, address, context::access(context));
        traces::print_present(Some(&registers));
        traces::print_history(sight.slot);
    } else {
        tell_of_ours(signal, address, &registers, context::access(context));
    }
    TELLS.store(0, Ordering::Release);
}

fn tell_of_guarded(sight: &Sight<'_>, address: usize, access: &[u8]) {
    let (end, bytes) = (sight.block + sight.slot.bytes(), sight.slot.bytes());
    let (distance, side): (usize, &[u8]) = if address < sight.block {
        (sight.block - address, b" bytes before")
    } else if address < end {
        (address - sight.block, b" bytes into")
    } else {
        (address - end, b" bytes behind")
    };
    let words: &[u8] = match sight.trespass {
        Trespass::UseAfterFree => b"use after free",
        Trespass::Overflow => b"overflow",
        Trespass::Underflow => b"underflow",
    };
    let mut line = Line::new();
    line.text(words).text(b": ").text(access).text(b" of ").address(address).text(b", ").number(distance as u64);
    line.text(side).text(b" a block of ").number(bytes as u64).text(b" bytes").print();
}

/// What an address of ours is, and how many bytes the block has.
fn words_of(ground: Option<Ground>) -> (&'static [u8], usize) {
    match ground {
        None => (b"no address of the allocator's", 0),
        Some(Ground::Block(bytes)) => (b"in a block in use", bytes),
        Some(Ground::FreeBlock(bytes)) => (b"in a free block", bytes),
        Some(Ground::Free) => (b"in free memory of the allocator's", 0),
        Some(Ground::Records) => (b"in the allocator's records", 0),
    }
}

fn tell_of_ours(signal: c_int, address: usize, registers: &Registers, access: &[u8]) {
    let ground = ALLOCATOR.ground(address);
    let operation = operation(registers);
    let free = matches!(ground, Some(Ground::FreeBlock(_) | Ground::Free));
    if operation.is_none() && !free {
        return;
    }
    let mut line = Line::new();
    line.text(if signal == SIGBUS { b"SIGBUS" } else { b"SIGSEGV" });
    if let Some(operation) = operation {
        line.text(b" in ").text(operation).text(b", in the allocator (").text(env!("CARGO_PKG_VERSION").as_bytes());
        line.text(b")");
    }
    let (words, bytes) = words_of(ground);
    line.text(b": ").text(access).text(b" of ").address(address).text(b", ").text(words);
    if bytes > 0 {
        line.text(b" of ").number(bytes as u64).text(b" bytes");
    }
    line.print();
    if operation.is_some() {
        traces::print_present(Some(registers));
    }
}

/// What the client asked for, if the thread was in our code or in what we had called.
fn operation(registers: &Registers) -> Option<&'static [u8]> {
    let mut frames = [0; 24];
    let count = unwinder::walk_interrupted(registers, &mut frames);
    let frames = frames.get(..count).unwrap_or(&[]);
    // A leaf of the C library may lie between: it copies and clears for us.
    let first = frames.iter().take(2).position(|&frame| unwinder::is_ours(frame))?;
    let ours = frames.get(first..)?.iter().take_while(|&&frame| unwinder::is_ours(frame));
    Some(doors::name_of(unwinder::start_of(*ours.last()?)))
}
