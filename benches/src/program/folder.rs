//! A folder for the files of one program, gone when dropped.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Below the system's folder for temporary files.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A fresh one.
    pub(super) fn new(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("hakmem-benches-{}-{name}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// The path of a file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file piece by piece: our own memory is the least that a child can show (see `Usage`).
    pub(super) fn write(
        &self,
        name: &str,
        pieces: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<PathBuf> {
        let path = self.path(name);
        let mut file = BufWriter::new(File::create(&path)?);
        pieces(&mut file)?;
        file.flush()?;
        Ok(path)
    }

    /// The files whose names begin so.
    pub(super) fn files(&self, beginning: &str) -> io::Result<Vec<PathBuf>> {
        let begins = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning));
        let paths: io::Result<Vec<PathBuf>> = fs::read_dir(&self.0)?.map(|entry| Ok(entry?.path())).collect();
        Ok(paths?.into_iter().filter(|path| begins(path)).collect())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("hakmem-benches: {}: {error}", self.0.display());
        }
    }
}
