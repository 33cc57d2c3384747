//! The process's one allocator, and what happens when it is misused.

#![allow(unsafe_code, reason = "calls abort")]

use core::sync::atomic::{AtomicBool, Ordering};

#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
use hakmem_core::seam::Offsets;
use hakmem_core::{Allocator, Fault, Finder};

use crate::line::Line;
use crate::linux_pages::LinuxPages;

/// See the file's head.
pub static ALLOCATOR: Allocator<LinuxPages> = Allocator::new(LinuxPages::new());

/// Where in it the hot paths find what they read.
#[cfg(all(target_arch = "x86_64", not(feature = "dlopen")))]
pub(crate) const OFFSETS: Offsets = Allocator::<LinuxPages>::OFFSETS;

/// True if a fault is reported and survived.
pub static SURVIVE_FAULTS: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    fn abort() -> !;
}

/// Says what was misused, and ends the process unless it is to go on.
#[cold]
#[inline(never)]
pub(crate) fn fault(operation: &[u8], fault: Fault) {
    say(operation, fault.kind.words().as_bytes(), fault);
    stop();
}

/// Says which freed block was written to, and who found out: not who wrote.
#[cold]
pub(crate) fn written_after_free(wrong: &Fault, finder: Finder) {
    let operation: &[u8] = match finder {
        Finder::Take => b"malloc",
        Finder::Give => b"free",
    };
    fault(operation, *wrong);
}

/// The line about a misuse, with words of the caller's.
#[cold]
pub fn say(operation: &[u8], words: &[u8], fault: Fault) {
    let mut line = Line::new();
    line.text(words).text(b" of ").address(fault.address).text(b" by ").text(operation);
    if fault.block_bytes != 0 {
        line.text(b" (a block of ").number(fault.block_bytes as u64).text(b" bytes)");
    }
    line.print();
}

/// Ends the process after a fault, unless it is to go on.
#[cold]
pub fn stop() {
    if !SURVIVE_FAULTS.load(Ordering::Relaxed) {
        // SAFETY: abort does not return.
        unsafe { abort() };
    }
}
