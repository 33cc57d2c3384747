//! Traces as lines: a call as its module and the place in it, which `addr2line -e MODULE PLACE` turns into a line.

#![allow(unsafe_code, reason = "reads the head of a mapped module")]

use core::ptr;

use hakmem_alloc::caller;
use hakmem_alloc::line::Line;
use hakmem_alloc::process::ALLOCATOR;
use hakmem_core::guarded::{FRAMES, Slot, Trace};

use crate::{maps, unwinder};

/// Most of a path that is shown: its end.
const PATH_MOST: usize = 160;
/// Where an ELF head says its type, and the type of a program that is linked to fixed addresses.
const ELF_TYPE: usize = 16;
const FIXED: u16 = 2;

/// Calls `tell` with the path of the module that an address lies in, and its place there.
fn module_of(address: usize, mut tell: impl FnMut(&[u8], usize)) {
    let mut bias = 0;
    maps::for_each(&mut |mapping| {
        if mapping.offset == 0 {
            bias = mapping.start;
            if mapping.path.starts_with(b"/") && mapping.is_readable && (mapping.start..mapping.end).len() >= 64 {
                let head = ptr::with_exposed_provenance::<u16>(mapping.start + ELF_TYPE);
                // SAFETY: mapped, readable and so long a moment ago.
                if unsafe { head.read() } == FIXED {
                    bias = 0;
                }
            }
        }
        let found = (mapping.start..mapping.end).contains(&address);
        if found && !mapping.path.is_empty() {
            tell(mapping.path, address - bias);
        }
        !found
    });
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

/// What the calling thread was doing where a signal came; 0 for what it does here.
pub(crate) fn print_present(place: usize) {
    let mut frames = [0; FRAMES];
    let count = if place == 0 { unwinder::walk(&mut frames) } else { unwinder::walk_interrupted(place, &mut frames) };
    if count > 0 {
        Line::new().text(b"  in thread ").number(caller::thread()).text(b":").print();
        print_frames(&mut frames.into_iter().take(count));
    }
}

/// What is known of a pointer that was misused, where that was asked for.
pub(crate) fn print_after_fault(address: usize) {
    print_present(0);
    if let Some(sight) = ALLOCATOR.sight(address) {
        print_history(sight.slot);
    }
}
