//! Which compiler builds for a device: rustup's if it has the target, otherwise Debian's with its sources.

use std::path::Path;
use std::process::Command;

use crate::target::Target;

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";

pub(crate) struct Toolchain {
    cargo: &'static str,
    rustc: &'static str,
    linker: Option<String>,
    /// core and alloc are built too.
    from_sources: bool,
    pub(crate) words: String,
}

/// What a command prints, if it runs and succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn is_there(path: &str) -> bool {
    Path::new(path).exists()
}

/// Debian's LLVM linkers carry their version in their names.
fn linker() -> Option<String> {
    let mut newest: Option<(u32, String)> = None;
    for entry in std::fs::read_dir("/usr/bin").ok()?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let version = match name.strip_prefix("ld.lld") {
            Some("") => Some(0),
            Some(rest) => rest.strip_prefix('-').and_then(|version| version.parse().ok()),
            None => None,
        };
        let Some(version) = version else { continue };
        if newest.as_ref().is_none_or(|(best, _)| version > *best) {
            newest = Some((version, name));
        }
    }
    newest.map(|(_, name)| name)
}

impl Toolchain {
    pub(crate) fn find(target: Target) -> Result<Self, String> {
        let libraries = output("rustc", &["--print", "target-libdir", "--target", target.triple]);
        if libraries.is_some_and(|path| is_there(&path)) {
            let words = output("rustc", &["--version"]).unwrap_or_default();
            let words = format!("{words}, rustup's core and alloc");
            return Ok(Self { cargo: "cargo", rustc: "rustc", linker: None, from_sources: false, words });
        }
        let needed = [
            ("rustc-web", is_there(DEBIAN_RUSTC)),
            ("cargo-web", is_there(DEBIAN_CARGO)),
            ("rust-web-src", is_there(DEBIAN_SOURCES)),
            ("lld-22 (or another lld)", linker().is_some()),
        ];
        let missing: Vec<_> = needed.iter().filter(|(_, there)| !there).map(|&(package, _)| package).collect();
        if !missing.is_empty() {
            return Err(format!(
                "nothing here builds for {0}: run `rustup target add {0}`, or install Debian's {1}",
                target.triple,
                missing.join(", ")
            ));
        }
        let linker = linker();
        let version = output(DEBIAN_RUSTC, &["--version"]).unwrap_or_default();
        let words = format!("Debian's {version}, core and alloc from its sources, {}", linker.as_deref().unwrap_or(""));
        Ok(Self { cargo: DEBIAN_CARGO, rustc: DEBIAN_RUSTC, linker, from_sources: true, words })
    }

    /// cargo, set up to build for the target.
    pub(crate) fn cargo(&self, target: Target) -> Command {
        let mut cargo = Command::new(self.cargo);
        for variable in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "RUSTUP_TOOLCHAIN",
            "CARGO",
            "LD_LIBRARY_PATH",
        ] {
            cargo.env_remove(variable);
        }
        cargo.env("RUSTC", self.rustc).args(["build", "--release", "--target", target.triple]);
        if let Some(linker) = &self.linker {
            let triple = target.triple.to_uppercase().replace('-', "_");
            cargo.env(format!("CARGO_TARGET_{triple}_LINKER"), linker);
        }
        if self.from_sources {
            // Building core and alloc is for nightly compilers, officially.
            cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=core,alloc");
        }
        cargo
    }
}
