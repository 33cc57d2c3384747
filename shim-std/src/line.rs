//! One line for stderr, built on the stack and written by one system call: no formatting machinery.

#![allow(unsafe_code, reason = "stderr is taken on trust")]

use core::ffi::c_int;
use core::sync::atomic::{AtomicI32, Ordering};

use rustix::fd::BorrowedFd;
use rustix::io::write;

/// High enough to be in nobody's way.
const LEAST_DESCRIPTOR: c_int = 200;
const F_DUPFD_CLOEXEC: c_int = 1030;

unsafe extern "C" {
    fn fcntl(file: c_int, command: c_int, ...) -> c_int;
}

/// A line under construction; what does not fit is cut.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; 256],
    length: usize,
}

impl Line {
    /// Starts with our name.
    pub fn new() -> Self {
        let mut line = Self::bare();
        line.text(b"hakmem: ");
        line
    }

    /// Starts with nothing.
    pub fn bare() -> Self {
        Self { bytes: [0; 256], length: 0 }
    }

    /// Adds text.
    #[inline(never)]
    pub fn text(&mut self, text: &[u8]) -> &mut Self {
        for (&byte, place) in text.iter().zip(self.bytes.iter_mut().skip(self.length)) {
            *place = byte;
            self.length += 1;
        }
        self
    }

    /// Adds a number in `base` 2 to 16.
    #[inline(never)]
    fn digits(&mut self, mut number: u64, base: u64) -> &mut Self {
        let mut digits = [0u8; 64];
        let mut start = digits.len();
        for place in digits.iter_mut().rev() {
            let digit = (number % base) as u8;
            *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            start -= 1;
            number /= base;
            if number == 0 {
                break;
            }
        }
        self.text(digits.get(start..).unwrap_or(b""))
    }

    /// Adds a decimal number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.digits(number, 10)
    }

    /// Adds an address.
    pub fn address(&mut self, address: usize) -> &mut Self {
        self.text(b"0x").digits(address as u64, 16)
    }

    /// Adds blanks up to a column.
    pub fn column(&mut self, column: usize) -> &mut Self {
        while self.length < column.min(self.bytes.len()) {
            self.text(b" ");
        }
        self
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(b"")
    }

    /// Ends the line and writes it to stderr.
    #[inline(never)]
    pub fn print(&mut self) {
        if self.length == self.bytes.len() {
            self.length -= 1;
        }
        let mut left = self.text(b"\n").bytes();
        while !left.is_empty() {
            match write(stderr(), left) {
                Ok(written) if written > 0 => left = left.get(written..).unwrap_or(b""),
                Err(rustix::io::Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

/// Where lines go: stderr, or the copy of it that was kept.
static DESCRIPTOR: AtomicI32 = AtomicI32::new(2);

fn stderr() -> BorrowedFd<'static> {
    // SAFETY: 2 is stderr by convention; a closed one makes the write fail.
    unsafe { BorrowedFd::borrow_raw(DESCRIPTOR.load(Ordering::Relaxed) & i32::MAX) }
}

/// From now on lines go to a copy of this descriptor; false if there is no such descriptor.
///
/// # Safety
///
/// The descriptor is stderr, or the caller's.
pub unsafe fn redirect(descriptor: c_int) -> bool {
    // SAFETY: a copy of a descriptor, or a failure that changes nothing.
    let copy = unsafe { fcntl(descriptor, F_DUPFD_CLOEXEC, LEAST_DESCRIPTOR) };
    if copy >= 0 {
        DESCRIPTOR.store(copy, Ordering::Relaxed);
    }
    copy >= 0
}
