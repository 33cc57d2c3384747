//! The Rust program, built once for each contender that there is a crate of.

use std::fs;
use std::path::{Path, PathBuf};

use crate::contender::{ContenderName, Contenders, cargo_build, target_folder};
use crate::options::Options;

const MANIFEST: &str = "contenders/rust_program/Cargo.toml";

/// The feature that it is built with for a contender; the name that it says, too.
fn feature(contender: ContenderName) -> Option<&'static str> {
    match contender {
        ContenderName::Glibc => Some("system"),
        ContenderName::Hakmem => Some("hakmem"),
        ContenderName::Mimalloc3 | ContenderName::Mimalloc3SmallPages => Some("mimalloc3"),
        ContenderName::Mimalloc2 => Some("mimalloc2"),
        ContenderName::Snmalloc => Some("snmalloc"),
        ContenderName::Rpmalloc => Some("rpmalloc"),
        ContenderName::RustyAlloc => Some("rusty_alloc"),
        ContenderName::Jemalloc => Some("jemalloc"),
        // A Rust program reads no settings from the environment.
        ContenderName::HakmemWarm
        | ContenderName::HakmemDoubleFree
        | ContenderName::HakmemZero
        | ContenderName::HakmemJunk
        | ContenderName::HakmemQuarantine
        | ContenderName::HakmemRandom
        | ContenderName::HakmemGuardSlabs
        | ContenderName::HakmemHardened => None,
        ContenderName::Other | ContenderName::Floor | ContenderName::Tcmalloc | ContenderName::Tbb => None,
    }
}

/// The executables, or why there is none.
pub(super) struct Builds(Vec<(ContenderName, Result<PathBuf, String>)>);

impl Builds {
    /// Builds it for each contender that is there.
    pub(super) fn make(options: &Options, contenders: &Contenders) -> Self {
        let built = contenders.present.iter().filter_map(|contender| {
            let feature = feature(contender.name)?;
            Some((contender.name, executable(feature, options.no_build)))
        });
        Self(built.collect())
    }

    /// That of a contender.
    pub(super) fn of(&self, contender: ContenderName) -> Result<PathBuf, String> {
        let found = self.0.iter().find(|(name, _)| *name == contender);
        found.map_or(Err("not built".into()), |(_, build)| build.clone())
    }

    /// Any of them.
    pub(super) fn first(&self) -> Result<PathBuf, String> {
        let built = self.0.iter().find_map(|(_, build)| build.as_ref().ok());
        built.cloned().ok_or("none of the contenders has a build".into())
    }
}

/// Why it cannot be built for a contender.
pub(super) fn refusal(contender: ContenderName, options: &Options) -> Option<String> {
    if contender == ContenderName::Hakmem && options.hakmem.is_some() {
        return Some("--hakmem names a library, not a crate".into());
    }
    feature(contender).is_none().then(|| "no crate has it as a #[global_allocator]".into())
}

/// What it says on its standard error when it was built for this contender.
pub(super) fn greeting(contender: ContenderName) -> String {
    format!("allocator: {}", feature(contender).unwrap_or_default())
}

fn executable(feature: &str, no_build: bool) -> Result<PathBuf, String> {
    let target = target_folder().join("contenders/rust");
    let path = target.join(format!("rust_program-{feature}"));
    if !no_build {
        let mut arguments = vec!["--locked", "--manifest-path", MANIFEST];
        if feature != "system" {
            arguments.extend(["--features", feature]);
        }
        // From here and not from its folder: the flags in contenders/.cargo are for libraries to preload.
        cargo_build(Path::new(env!("CARGO_MANIFEST_DIR")), &target, &arguments, None)?;
        fs::copy(target.join("release/rust_program"), &path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if path.exists() { Ok(path) } else { Err(format!("{} is missing", path.display())) }
}
