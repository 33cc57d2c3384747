//! What is preloaded: our library as it is built now, another one, or glibc's own.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Preloaded for `none`: else a program that is linked to another allocator would call that one.
const GLIBC: &str = "libc.so.6";

/// A library, and what to call it.
pub(crate) struct Library {
    pub(crate) preload: PathBuf,
    pub(crate) words: String,
}

/// Builds ours where no other is named.
pub(crate) fn find(named: Option<&str>) -> Result<Library, String> {
    match named {
        Some("none") => Ok(Library { preload: GLIBC.into(), words: "none: glibc's malloc".into() }),
        Some(path) => existing(Path::new(path)),
        None => existing(&build()?),
    }
}

/// A path as it is from the project's root, of a file in there.
fn within_project(path: &Path) -> &Path {
    std::env::current_dir().ok().and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path)
}

fn existing(path: &Path) -> Result<Library, String> {
    let preload = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let sum = first_line(Command::new("sha256sum").arg(&preload)).unwrap_or_default();
    let words = format!("{}, sha256 {sum:.16}", within_project(&preload).display());
    Ok(Library { preload, words })
}

/// Into the target folder that this program was built into: `<target>/release/hakmem-soak`.
fn build() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = program.parent().and_then(Path::parent).ok_or("this program is not in a target folder")?;
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet", "-p", "hakmem-preload", "--lib", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(target.join("release/libhakmem.so")) } else { Err("cargo build failed".into()) }
}

/// The first line a command prints, if it succeeds.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}
