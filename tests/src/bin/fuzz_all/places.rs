//! Where everything lies.

use std::path::{Path, PathBuf};
use std::process::Command;

/// See the file's head.
pub(crate) struct Places {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// The target that is built for: flags for it are not for build scripts.
    pub(crate) host: String,
}

impl Places {
    pub(crate) fn find() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the workspace").into();
        let output = Command::new("rustc").args(["+nightly", "-vV"]).output();
        let output = output.map_err(|error| format!("rustc: {error}"))?;
        if !output.status.success() {
            return Err("no nightly toolchain: rustup toolchain install nightly --profile minimal".to_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let host = text.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?.to_owned();
        Ok(Self { root, host })
    }

    /// What is committed: targets, corpora, findings.
    pub(crate) fn fuzz(&self) -> PathBuf {
        self.root.join("tests/fuzz")
    }

    /// What is not.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("target/fuzz")
    }

    pub(crate) fn packed(&self, name: &str) -> PathBuf {
        self.fuzz().join("corpus").join(name).with_extension("hex")
    }

    pub(crate) fn found(&self, name: &str) -> PathBuf {
        self.fuzz().join("found").join(name)
    }

    /// The corpus that the fuzzer works on, a file for each input.
    pub(crate) fn corpus(&self, name: &str) -> PathBuf {
        self.scratch().join("corpus").join(name)
    }

    pub(crate) fn smallest(&self, name: &str) -> PathBuf {
        self.scratch().join("smallest").join(name)
    }

    pub(crate) fn artifacts(&self, name: &str) -> PathBuf {
        self.scratch().join("artifacts").join(name)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.scratch().join("log").join(name).with_extension("log")
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.scratch().join("build").join(&self.host).join("release").join(name)
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.scratch().join("library").join(&self.host).join("debug/libhakmem.so")
    }
}
