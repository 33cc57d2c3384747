//! A folder for the files of a soak, gone when dropped.

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// Below the system's folder for temporary files.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("hakmem-soak-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("hakmem-soak: {}: {error}", self.0.display());
        }
    }
}
