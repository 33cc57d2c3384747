//! System calls that no function of ours needs a library for: they set no errno, are no points of cancellation, and
//! answer with a negative error.

#![allow(unsafe_code, reason = "calls the kernel")]

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod processor;

use core::ffi::CStr;

pub use processor::{FUTEX, call};

/// A file that was opened to be read.
#[derive(Debug)]
pub struct File(usize);

const AT_FDCWD: usize = -100isize as usize;
const O_CLOEXEC: usize = 0o2_000_000;

impl File {
    /// `None` if it cannot be opened.
    pub fn open(path: &CStr) -> Option<Self> {
        // SAFETY: reads the path.
        let file = unsafe { call(processor::OPENAT, [AT_FDCWD, path.as_ptr().addr(), O_CLOEXEC, 0, 0, 0]) };
        usize::try_from(file).ok().map(Self)
    }

    /// How many bytes came; 0 at the end, and after an error.
    pub fn read(&self, bytes: &mut [u8]) -> usize {
        let room = [self.0, bytes.as_mut_ptr().expose_provenance(), bytes.len(), 0, 0, 0];
        // SAFETY: writes into the bytes.
        usize::try_from(unsafe { call(processor::READ, room) }).unwrap_or(0)
    }
}

/// How many bytes of what a link leads to were written; 0 if it cannot be read.
pub fn follow(link: &CStr, bytes: &mut [u8]) -> usize {
    let room = [AT_FDCWD, link.as_ptr().addr(), bytes.as_mut_ptr().expose_provenance(), bytes.len(), 0, 0];
    // SAFETY: reads the path, and writes into the bytes.
    usize::try_from(unsafe { call(processor::READLINKAT, room) }).unwrap_or(0)
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: opened by us, and nobody else knows it.
        unsafe { call(processor::CLOSE, [self.0, 0, 0, 0, 0, 0]) };
    }
}
