//! The allocators that are compared: who is there, and who was left out and why.

mod origin;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::machine::first_line;
use crate::options::Options;
use crate::workload::Workload;

pub(crate) use crate::contender::origin::{cargo_build, target_folder};

/// Who can be measured.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ContenderName {
    /// the libc's own, nothing preloaded
    Glibc,
    /// ours, built from this workspace
    Hakmem,
    /// ours with 4 MiB of pages and 64 blocks of each class there from the start; only where it is named
    HakmemWarm,
    /// ours with `harden=double_free`; this one and those that follow only where they are named
    HakmemDoubleFree,
    /// ours with `harden=zero`
    HakmemZero,
    /// ours with `harden=junk`
    HakmemJunk,
    /// ours with `harden=quarantine`
    HakmemQuarantine,
    /// ours with `harden=random`
    HakmemRandom,
    /// ours with `harden=guard_slabs`
    HakmemGuardSlabs,
    /// ours with every measure
    HakmemHardened,
    /// the library that --other names, e.g. a variant of ours; only where it is named
    Other,
    /// lists without any safety: what the workload costs by itself
    Floor,
    /// mimalloc 3, built from crates.io
    Mimalloc3,
    /// the same without huge pages, which mimalloc 3 asks for of itself where the system has them
    Mimalloc3SmallPages,
    /// mimalloc 2, built from crates.io
    Mimalloc2,
    /// snmalloc, built from crates.io
    Snmalloc,
    /// rpmalloc 1, built from crates.io
    Rpmalloc,
    /// rusty_alloc, built from crates.io
    RustyAlloc,
    /// libjemalloc2 of Debian
    Jemalloc,
    /// libtcmalloc-minimal4 of Debian
    Tcmalloc,
    /// libtbbmalloc2 of Debian
    Tbb,
}

impl ContenderName {
    /// Whether hakmem is compared with it: not with itself, warm or not, nor with a
    /// variant or the floor.
    pub(crate) fn is_rival(self) -> bool {
        self.is_as_it_comes() && !matches!(self, Self::Hakmem | Self::Floor)
    }

    /// False for ours with a setting and for a variant, which are measured only where they are named.
    pub(crate) fn is_as_it_comes(self) -> bool {
        self != Self::Other && (self == Self::Mimalloc3SmallPages || self.setting().is_none())
    }
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
        if !options.includes(name) {
            continue;
        }
        let working = name.library(options).and_then(|library| {
            let contender = Contender::new(name, library);
            contender.run(Workload::Nothing, 0, false).map(|_| contender)
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
