//! One line for stderr, built on the stack and written by one system call: no formatting machinery.

use rustix::io::write;

/// A line under construction; what does not fit is cut.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; 256],
    length: usize,
}

impl Line {
    /// Starts with our name.
    pub fn new() -> Self {
        Self { bytes: [0; 256], length: 0 }.text(b"hakmem: ")
    }

    /// Starts with nothing.
    pub fn bare() -> Self {
        Self { bytes: [0; 256], length: 0 }
    }

    /// Adds text.
    pub fn text(mut self, text: &[u8]) -> Self {
        for (&byte, place) in text.iter().zip(self.bytes.iter_mut().skip(self.length)) {
            *place = byte;
            self.length += 1;
        }
        self
    }

    /// Adds a number in `base` 2 to 16.
    fn digits(self, mut number: u64, base: u64) -> Self {
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
    pub fn number(self, number: u64) -> Self {
        self.digits(number, 10)
    }

    /// Adds an address.
    pub fn address(self, address: usize) -> Self {
        self.text(b"0x").digits(address as u64, 16)
    }

    /// Adds blanks up to a column.
    pub fn column(mut self, column: usize) -> Self {
        while self.length < column {
            self = self.text(b" ");
        }
        self
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(b"")
    }

    /// Ends the line and writes it to stderr.
    pub fn print(mut self) {
        if self.length == self.bytes.len() {
            self.length -= 1;
        }
        let line = self.text(b"\n");
        let mut left = line.bytes();
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

#[allow(unsafe_code, reason = "stderr is taken on trust")]
fn stderr() -> rustix::fd::BorrowedFd<'static> {
    // SAFETY: 2 is stderr by convention; a closed one makes the write fail.
    unsafe { rustix::fd::BorrowedFd::borrow_raw(2) }
}
