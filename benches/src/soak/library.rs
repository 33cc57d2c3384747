//! What is preloaded: our library as it is built now, another one, or glibc's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tool::{digest, within_project};

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

fn existing(path: &Path) -> Result<Library, String> {
    let preload = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let words = format!("{}, {}", within_project(&preload).display(), digest(&preload));
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
