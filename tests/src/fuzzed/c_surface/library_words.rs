//! What the library says on stderr while a call lasts.

#![allow(unsafe_code, reason = "turns stderr elsewhere")]

use core::ffi::{c_char, c_int, c_uint};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::{Mutex, PoisonError};

const STDERR: c_int = 2;
const CLOEXEC: c_uint = 1;

unsafe extern "C" {
    fn dup(file: c_int) -> c_int;
    fn dup2(file: c_int, to: c_int) -> c_int;
    fn close(file: c_int) -> c_int;
    fn memfd_create(name: *const c_char, flags: c_uint) -> c_int;
}

/// The library's lines that a call caused.
pub(super) fn heard(call: &dyn Fn()) -> Vec<String> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: a new file, and a copy of stderr that goes back to its place.
    let (mut file, kept) = unsafe { (File::from_raw_fd(memfd_create(c"heard".as_ptr(), CLOEXEC)), dup(STDERR)) };
    // SAFETY: as above.
    unsafe { dup2(file.as_raw_fd(), STDERR) };
    call();
    // SAFETY: as above.
    unsafe { (dup2(kept, STDERR), close(kept)) };
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)).expect("a file of ours");
    text.lines().filter(|line| line.starts_with("hakmem: ")).map(str::to_owned).collect()
}
