//! The allocators that are compared: who is there, and who was left out and why.

mod name;
mod origin;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::options::Options;
use crate::tool::{digest, within_project};
use crate::workload::Workload;

pub(crate) use crate::contender::name::ContenderName;
pub(crate) use crate::contender::origin::{cargo_build, target_folder};

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
            version += &format!(", {}, {}", digest(path), within_project(path).display());
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
