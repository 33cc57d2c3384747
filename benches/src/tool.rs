//! What both programs here ask of the system's tools, and how they name a file.

use std::path::Path;
use std::process::Command;

/// The first line a command prints, if it succeeds.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

/// A library's digest, shortened, as the reports print it.
pub(crate) fn digest(library: &Path) -> String {
    let sum = first_line(Command::new("sha256sum").arg(library)).unwrap_or_default();
    format!("sha256 {sum:.16}")
}

/// A path as it is from the project's root, of a file in there: what is printed of one machine reads as that of another.
pub(crate) fn within_project(path: &Path) -> &Path {
    std::env::current_dir().ok().and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path)
}
