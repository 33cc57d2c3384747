//! Output: lines on stdout and stderr.

use std::io::{self, Write};

/// A line on stdout. Who closed it does not want to hear of it.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A line on stderr, in our name.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "hakmem: {line}");
}
