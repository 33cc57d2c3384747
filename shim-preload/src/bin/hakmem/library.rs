//! Library: where libhakmem.so is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const FILE: &str = "libhakmem.so";

/// Its absolute path, fit for `LD_PRELOAD`; or a sentence that names the places looked at.
pub(crate) fn find() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("HAKMEM_LIBRARY") {
        let named = PathBuf::from(named);
        if !named.is_file() {
            let named = named.display();
            return Err(format!(
                "HAKMEM_LIBRARY={named} names no file; set it to the path of {FILE}, or unset it to have the library \
                 looked for beside this program"
            ));
        }
        return preloadable(&named);
    }
    let program = env::current_exe()
        .map_err(|why| format!("cannot tell where this program is: {why}; set HAKMEM_LIBRARY to the path of {FILE}"))?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    let places = [folder.join(FILE), folder.join("../lib").join(FILE)];
    match places.iter().find(|place| place.is_file()) {
        Some(place) => preloadable(place),
        None => {
            let [beside, lib] = places.map(|place| place.display().to_string());
            Err(format!(
                "{FILE} is not found; looked at {beside} and {lib}; build it with `cargo build --release -p \
                 hakmem-preload`, or set HAKMEM_LIBRARY to its path"
            ))
        }
    }
}

/// True if the library `path` is in this process.
pub(crate) fn is_loaded(path: &Path) -> bool {
    fs::read("/proc/self/maps").is_ok_and(|maps| String::from_utf8_lossy(&maps).contains(&*path.to_string_lossy()))
}

/// The loader splits `LD_PRELOAD` at spaces and colons and knows no way to quote them.
fn preloadable(path: &Path) -> Result<PathBuf, String> {
    let path = path.canonicalize().map_err(|why| format!("cannot resolve {}: {why}", path.display()))?;
    if path.as_os_str().as_encoded_bytes().iter().any(|byte| matches!(byte, b' ' | b':' | b'\t' | b'\n')) {
        let path = path.display();
        return Err(format!(
            "LD_PRELOAD cannot hold the path `{path}`: it has a space or a colon; copy {FILE} elsewhere and set \
             HAKMEM_LIBRARY to the copy"
        ));
    }
    Ok(path)
}
