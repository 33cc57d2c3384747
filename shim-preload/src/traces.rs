//! Traces as lines: a call as its module and the place in it, which `addr2line -e MODULE PLACE` turns into a line.

#![allow(unsafe_code, reason = "keeps the program's path")]

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use hakmem_alloc::seam::kernel::follow;
use hakmem_alloc::seam::line::Line;
use hakmem_alloc::seam::process::ALLOCATOR;
use hakmem_alloc::seam::{caller, slow};
use hakmem_core::seam::{FRAMES, GuardedSlot as Slot, Trace};

use crate::context::Registers;
use crate::{objects, unwinder};

/// Most of a path that is shown: its end.
const PATH_MOST: usize = 160;
/// Most of the program's path that is kept.
const PROGRAM_MOST: usize = 1024;

/// The program's own path, which the loader does not name.
static PROGRAM: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static PROGRAM_BYTES: AtomicUsize = AtomicUsize::new(0);

/// True if traces are wanted.
static WANTED: AtomicBool = AtomicBool::new(false);

/// Has callers be walked from now on. At load.
pub(crate) fn begin() {
    unwinder::begin();
    know_program();
    WANTED.store(true, Ordering::Relaxed);
}

/// Looks how the program is called.
fn know_program() {
    let room = slow::take_zeroed(PROGRAM_MOST);
    if room.is_null() {
        return;
    }
    // SAFETY: so long, zero, and ours for ever.
    let path = unsafe { core::slice::from_raw_parts_mut(room, PROGRAM_MOST) };
    PROGRAM_BYTES.store(follow(c"/proc/self/exe", path), Ordering::Relaxed);
    PROGRAM.store(room, Ordering::Release);
}

/// The path of the file that an address lies in. At load.
pub(crate) fn path_around(address: usize) -> &'static [u8] {
    know_program();
    let path = objects::find_for_trace(address).map_or(&b""[..], |object| object.path());
    if path.is_empty() { program() } else { path }
}

fn program() -> &'static [u8] {
    let path = PROGRAM.load(Ordering::Acquire);
    if path.is_null() {
        return b"the program";
    }
    // SAFETY: written whole before it was stored, and stays.
    unsafe { core::slice::from_raw_parts(path, PROGRAM_BYTES.load(Ordering::Relaxed)) }
}

/// Calls `tell` with the path of the module that an address lies in, and its place there.
fn module_of(address: usize, mut tell: impl FnMut(&[u8], usize)) {
    if let Some(object) = objects::find_for_trace(address) {
        let path = object.path();
        tell(if path.is_empty() { program() } else { path }, address.wrapping_sub(object.bias));
    }
}

#[inline(never)]
fn print_frames(frames: &mut dyn Iterator<Item = usize>) {
    for (number, frame) in (0..).zip(frames) {
        let mut line = Line::new();
        line.text(b"    #").number(number).text(b" ").address(frame);
        module_of(frame, |path, place| {
            let cut = path.len().saturating_sub(PATH_MOST);
            line.text(if cut > 0 { b" in ..." } else { b" in " }).text(path.get(cut..).unwrap_or(b""));
            line.text(b"+").address(place);
        });
        line.print();
    }
}

fn print_trace(what: &[u8], trace: &Trace) {
    if trace.thread() != 0 {
        Line::new().text(what).text(b" by thread ").number(trace.thread()).text(b":").print();
        print_frames(&mut trace.frames());
    }
}

/// Who freed a guarded block, and who took it.
pub(crate) fn print_history(slot: &Slot) {
    if !slot.is_live() {
        print_trace(b"  freed", &slot.given);
    }
    print_trace(b"  allocated", &slot.taken);
}

/// What the calling thread was doing where a signal came; without one, what it does here.
pub(crate) fn print_present(interrupted: Option<&Registers>) {
    let mut frames = [0; FRAMES];
    let count = match interrupted {
        Some(registers) => unwinder::walk_interrupted(registers, &mut frames),
        None => unwinder::walk(&mut frames),
    };
    if count > 0 {
        Line::new().text(b"  in thread ").number(caller::thread()).text(b":").print();
        print_frames(&mut frames.into_iter().take(count));
    }
}

/// What is known of a pointer that was misused, where that was asked for.
pub(crate) fn print_after_fault(address: usize) {
    if !WANTED.load(Ordering::Relaxed) {
        return;
    }
    print_present(None);
    if let Some(sight) = ALLOCATOR.sight(address) {
        print_history(sight.slot);
    }
}
