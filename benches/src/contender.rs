//! The allocators that are compared: where their libraries are and how they come to be.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::Options;
use crate::machine::first_line;
use crate::workload::Workload;

/// Who can be measured.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ContenderName {
    /// the libc's own, nothing preloaded
    Glibc,
    /// ours, built from this workspace
    Hakmem,
    /// mimalloc 3, built from crates.io
    Mimalloc3,
    /// the same without huge pages, which mimalloc 3 asks for of itself where the system has them
    Mimalloc3SmallPages,
    /// libjemalloc2 of Debian
    Jemalloc,
    /// libtcmalloc-minimal4 of Debian
    Tcmalloc,
    /// libmimalloc2.0 of Debian
    Mimalloc2,
}

/// One that is there.
pub(crate) struct Contender {
    pub(crate) name: ContenderName,
    /// What to preload; glibc needs nothing.
    pub(crate) library: Option<PathBuf>,
    /// Version and hash of what is measured.
    pub(crate) version: String,
}

/// What could be measured, and who was left out with the reason.
pub(crate) struct Contenders {
    pub(crate) present: Vec<Contender>,
    pub(crate) skipped: Vec<(ContenderName, String)>,
}

/// Builds what is ours to build, looks for the rest, and keeps those that take effect.
pub(crate) fn find(options: &Options) -> Contenders {
    let mut contenders = Contenders { present: Vec::new(), skipped: Vec::new() };
    for &name in ContenderName::value_variants() {
        if !options.contenders.is_empty() && !options.contenders.contains(&name) {
            continue;
        }
        let working = name.library(options).and_then(|library| {
            let contender = Contender::new(name, library);
            contender.run(Workload::Nothing, 0).map(|_| contender)
        });
        match working {
            Ok(contender) => contenders.present.push(contender),
            Err(reason) => {
                eprintln!("skipped: {name}: {reason}");
                contenders.skipped.push((name, reason));
            }
        }
    }
    contenders
}

impl ContenderName {
    fn library(self, options: &Options) -> Result<Option<PathBuf>, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let build = !options.no_build;
        match self {
            Self::Glibc => return Ok(None),
            Self::Hakmem => match &options.hakmem {
                Some(path) => existing(path.clone()),
                None => {
                    let target = target_folder();
                    if build {
                        cargo_build(&root.join(".."), &target, &["-p", "hakmem-preload", "--lib"])?;
                    }
                    existing(target.join("release/libhakmem.so"))
                }
            },
            Self::Mimalloc3 | Self::Mimalloc3SmallPages => {
                let target = target_folder().join("contenders");
                if build {
                    cargo_build(&root.join("contenders"), &target, &["--locked"])?;
                }
                existing(target.join("release/libmimalloc3.so"))
            }
            Self::Jemalloc | Self::Tcmalloc | Self::Mimalloc2 => {
                let folder = Path::new("/usr/lib/x86_64-linux-gnu");
                let (package, file) = self.debian().expect("only these come from Debian");
                existing(folder.join(file)).map_err(|why| format!("{why} (package {package})"))
            }
        }
        .map(Some)
    }

    fn debian(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Jemalloc => Some(("libjemalloc2", "libjemalloc.so.2")),
            Self::Tcmalloc => Some(("libtcmalloc-minimal4", "libtcmalloc_minimal.so.4")),
            Self::Mimalloc2 => Some(("libmimalloc2.0", "libmimalloc.so.2.0")),
            Self::Glibc | Self::Hakmem | Self::Mimalloc3 | Self::Mimalloc3SmallPages => None,
        }
    }

    /// The setting it runs with, if it is not as it comes.
    pub(crate) fn setting(self) -> Option<(&'static str, &'static str)> {
        (self == Self::Mimalloc3SmallPages).then_some(("MIMALLOC_ALLOW_THP", "0"))
    }

    fn version(self, library: Option<&Path>) -> String {
        let version = match self {
            Self::Glibc => first_line(Command::new("getconf").arg("GNU_LIBC_VERSION")),
            Self::Hakmem => first_line(
                Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(env!("CARGO_MANIFEST_DIR")),
            )
            .map(|commit| format!("commit {commit}")),
            Self::Mimalloc3 | Self::Mimalloc3SmallPages => library.and_then(mimalloc_version),
            Self::Jemalloc | Self::Tcmalloc | Self::Mimalloc2 => {
                let (package, _) = self.debian().expect("only these come from Debian");
                first_line(Command::new("dpkg-query").args(["-Wf", "${Package} ${Version}", package]))
            }
        };
        version.unwrap_or_else(|| "version unknown".into())
    }
}

impl Contender {
    fn new(name: ContenderName, library: Option<PathBuf>) -> Self {
        let mut version = name.version(library.as_deref());
        if let Some(path) = &library {
            let sum = first_line(Command::new("sha256sum").arg(path)).unwrap_or_default();
            version += &format!(", sha256 {:.16}, {}", sum, path.display());
        }
        if let Some((variable, value)) = name.setting() {
            version += &format!(", {variable}={value}");
        }
        Self { name, library, version }
    }

    /// Whether `malloc` found in this file is the contender's own.
    pub(crate) fn took_effect(&self, malloc_in: &str) -> bool {
        let found = Path::new(malloc_in);
        match &self.library {
            Some(library) => found == library,
            None => found.file_name().is_some_and(|name| name == "libc.so.6"),
        }
    }
}

impl fmt::Display for ContenderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no contender is hidden");
        f.pad(value.get_name())
    }
}

/// The target folder this program was built into: `<target>/release/hakmem-benches`.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("Linux knows its programs");
    let folder = program.parent().and_then(Path::parent);
    folder.expect("cargo puts programs two folders deep").to_path_buf()
}

fn existing(path: PathBuf) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}

fn cargo_build(folder: &Path, target: &Path, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet"])
        .args(arguments)
        .arg("--target-dir")
        .arg(target)
        .current_dir(folder)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("cargo build {} failed", arguments.join(" "))),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

/// What mimalloc says of itself when it starts, e.g. `v3.3.2 (built on …)`.
fn mimalloc_version(library: &Path) -> Option<String> {
    let output = Command::new("/bin/true").env("LD_PRELOAD", library).env("MIMALLOC_VERBOSE", "1").output().ok()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = words.lines().find(|line| line.starts_with('v'))?;
    let (number, _) = version.split_once(' ')?;
    Some(format!("{number} (libmimalloc-sys 0.1.49)"))
}
