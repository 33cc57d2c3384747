//! Text goes to whoever watches.

use core::fmt::{Arguments, Error, Write};

use crate::board;

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> Result<(), Error> {
        board::write(text.as_bytes());
        Ok(())
    }
}

/// Prints a line; `say!` does it with less ado.
pub fn line(words: Arguments<'_>) {
    // The console never fails.
    let _ = writeln!(Console, "{words}");
}

/// Prints a line.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => { $crate::console::line(format_args!($($words)*)) };
}
