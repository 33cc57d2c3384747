//! The services of a debugger, which QEMU plays: a processor stops at an instruction, the debugger looks which service
//! is wanted, and lets it go on.

#![allow(unsafe_code, reason = "hands addresses to the debugger")]

use core::sync::atomic::{AtomicUsize, Ordering};

use super::here::call;

const OPEN: usize = 0x01;
const WRITE: usize = 0x05;
const COMMAND_LINE: usize = 0x15;
const EXIT: usize = 0x18;

/// For `OPEN`: the console, to write.
const CONSOLE: &core::ffi::CStr = c":tt";
const TO_WRITE: usize = 4;

/// For `EXIT`: the program has come to its end.
const DONE: usize = 0x2_0026;
/// For `EXIT`: it has not.
const FAILED: usize = 0x2_0023;

/// The console's name plus 1; 0 while it is not open.
static HANDLE: AtomicUsize = AtomicUsize::new(0);

fn handle() -> usize {
    if HANDLE.load(Ordering::Relaxed) == 0 {
        let request = [CONSOLE.as_ptr().expose_provenance(), TO_WRITE, CONSOLE.count_bytes()];
        // SAFETY: what `OPEN` wants.
        HANDLE.store(unsafe { call(OPEN, request.as_ptr().expose_provenance()) } + 1, Ordering::Relaxed);
    }
    HANDLE.load(Ordering::Relaxed) - 1
}

/// Prints.
pub fn write(text: &[u8]) {
    let request = [handle(), text.as_ptr().expose_provenance(), text.len()];
    // SAFETY: what `WRITE` wants.
    unsafe { call(WRITE, request.as_ptr().expose_provenance()) };
}

/// Calls back with the last word of the command line.
pub fn with_last_word<T>(closure: impl FnOnce(&str) -> T) -> T {
    let mut line = [0u8; 512];
    let mut request = [line.as_mut_ptr().expose_provenance(), line.len()];
    // SAFETY: what `COMMAND_LINE` wants; it writes the line's length into the request.
    let failed = unsafe { call(COMMAND_LINE, request.as_mut_ptr().expose_provenance()) };
    // SAFETY: `request` is live; written by who is not seen by the compiler.
    let length = unsafe { (&raw const request[1]).read_volatile() };
    let line = if failed == 0 { line.get(..length).unwrap_or_default() } else { &[] };
    let text = core::str::from_utf8(line).unwrap_or_default();
    closure(text.trim_end_matches('\0').split(' ').next_back().unwrap_or_default())
}

/// Ends QEMU: with 0 for success, 1 for failure.
pub fn exit(passed: bool) -> ! {
    loop {
        // SAFETY: what `EXIT` wants.
        unsafe { call(EXIT, if passed { DONE } else { FAILED }) };
    }
}
