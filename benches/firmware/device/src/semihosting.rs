//! The way to the host: text out, the command line in, the end.

use core::arch::asm;
use core::fmt::{self, Write};

const WRITE0: usize = 0x04;
const GET_COMMAND_LINE: usize = 0x15;
const EXIT: usize = 0x18;
const STOPPED_FOR_APPLICATION_EXIT: usize = 0x2_0026;
const STOPPED_FOR_RUN_TIME_ERROR: usize = 0x2_0023;

/// # Safety
///
/// The parameter is what the host expects for this operation.
unsafe fn call(operation: usize, parameter: usize) -> usize {
    let answer;
    // SAFETY: the caller's promise; the host reads and writes memory, and r0.
    unsafe { asm!("bkpt 0xAB", inlateout("r0") operation => answer, in("r1") parameter, options(nostack)) };
    answer
}

/// A line to the host's console.
pub struct Console {
    text: [u8; 128],
    length: usize,
}

impl Console {
    pub const fn new() -> Self {
        Self { text: [0; 128], length: 0 }
    }

    pub fn flush(&mut self) {
        self.text[self.length] = 0;
        // SAFETY: WRITE0 takes the address of text that ends in 0.
        unsafe { call(WRITE0, self.text.as_ptr().addr()) };
        self.length = 0;
    }
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.length == self.text.len() - 1 {
                self.flush();
            }
            self.text[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}

/// Prints a line.
#[macro_export]
macro_rules! say {
    ($($what:tt)*) => {{
        let mut console = $crate::semihosting::Console::new();
        let _ = ::core::fmt::Write::write_fmt(&mut console, format_args!($($what)*));
        let _ = ::core::fmt::Write::write_str(&mut console, "\n");
        console.flush();
    }};
}

/// The last word of the command line: the name of a test.
pub fn last_word(line: &mut [u8]) -> &str {
    let mut parameter = [line.as_mut_ptr().expose_provenance(), line.len()];
    // SAFETY: GET_COMMAND_LINE takes the address of a buffer's address and length.
    let failed = unsafe { call(GET_COMMAND_LINE, parameter.as_mut_ptr().expose_provenance()) };
    if failed != 0 {
        return "";
    }
    let length = line.iter().position(|&byte| byte == 0).unwrap_or(line.len());
    core::str::from_utf8(&line[..length]).ok().and_then(|line| line.split_whitespace().last()).unwrap_or("")
}

/// Ends the emulator: with 0, or with 1.
pub fn exit(good: bool) -> ! {
    let reason = if good { STOPPED_FOR_APPLICATION_EXIT } else { STOPPED_FOR_RUN_TIME_ERROR };
    loop {
        // SAFETY: EXIT takes the reason itself.
        unsafe { call(EXIT, reason) };
    }
}
