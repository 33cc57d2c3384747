//! Where each contender's library comes from, how it is built, and which version it is.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contender::ContenderName;
use crate::options::Options;
use crate::tool::first_line;

/// How a library comes to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// The libc's own: nothing is preloaded.
    System,
    /// Built from this workspace.
    Workspace,
    /// Named on the command line.
    Named,
    /// Built from this package of benches/contenders, around this crate.
    Built { package: &'static str, library: &'static str, crate_name: Option<&'static str> },
    /// Installed by this package of Debian.
    Debian { package: &'static str, library: &'static str },
}

const DEBIAN_LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

impl ContenderName {
    fn origin(self) -> Origin {
        let built = |package, library, crate_name| Origin::Built { package, library, crate_name };
        match self {
            Self::Glibc => Origin::System,
            Self::Hakmem
            | Self::HakmemWarm
            | Self::HakmemDoubleFree
            | Self::HakmemZero
            | Self::HakmemJunk
            | Self::HakmemQuarantine
            | Self::HakmemRandom
            | Self::HakmemGuardSlabs
            | Self::HakmemHardened => Origin::Workspace,
            Self::Other => Origin::Named,
            Self::Floor => built("contender-floor", "libfloor.so", None),
            Self::Mimalloc3 | Self::Mimalloc3SmallPages => {
                built("contender-mimalloc3", "libmimalloc3.so", Some("libmimalloc-sys"))
            }
            Self::Mimalloc2 => built("contender-mimalloc2", "libmimalloc2.so", Some("libmimalloc-sys")),
            Self::Snmalloc => built("contender-snmalloc", "libsnmalloc.so", Some("snmalloc-sys")),
            Self::Rpmalloc => built("contender-rpmalloc", "librpmalloc.so", Some("rpmalloc-sys")),
            Self::RustyAlloc => built("contender-rusty_alloc", "librusty_alloc.so", Some("rusty_alloc")),
            Self::Jemalloc => Origin::Debian { package: "libjemalloc2", library: "libjemalloc.so.2" },
            Self::Tcmalloc => Origin::Debian { package: "libtcmalloc-minimal4", library: "libtcmalloc_minimal.so.4" },
            Self::Tbb => Origin::Debian { package: "libtbbmalloc2", library: "libtbbmalloc_proxy.so.2" },
        }
    }

    /// What to preload, built where it has to be.
    pub(super) fn library(self, options: &Options) -> Result<Option<PathBuf>, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = target_folder();
        match self.origin() {
            Origin::System => return Ok(None),
            Origin::Named => existing(options.other.clone().ok_or("no --other names its library")?),
            Origin::Workspace => match &options.hakmem {
                Some(path) => existing(path.clone()),
                None => {
                    if !options.no_build {
                        cargo_build(&root.join(".."), &target, &["-p", "hakmem-preload", "--lib"], None)?;
                    }
                    existing(target.join("release/libhakmem.so"))
                }
            },
            Origin::Built { package, library, .. } => {
                let target = target.join("contenders");
                // One at a time: of crates built together, cargo would merge the features.
                if !options.no_build {
                    cargo_build(&root.join("contenders"), &target, &["--locked", "-p", package], Some(FLAGS))?;
                }
                existing(target.join("release").join(library))
            }
            Origin::Debian { package, library } => {
                existing(Path::new(DEBIAN_LIBRARIES).join(library)).map_err(|why| format!("{why} (package {package})"))
            }
        }
        .map(Some)
    }

    /// The setting it runs with, if it is not as it comes.
    pub(crate) fn setting(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::HakmemWarm => Some(("HAKMEM_CONF", "prewarm_bytes:4M,prewarm_blocks:64")),
            Self::HakmemDoubleFree => Some(("HAKMEM_HARDEN", "double_free")),
            Self::HakmemZero => Some(("HAKMEM_HARDEN", "zero")),
            Self::HakmemJunk => Some(("HAKMEM_HARDEN", "junk")),
            Self::HakmemQuarantine => Some(("HAKMEM_HARDEN", "quarantine")),
            Self::HakmemRandom => Some(("HAKMEM_HARDEN", "random")),
            Self::HakmemGuardSlabs => Some(("HAKMEM_HARDEN", "guard_slabs")),
            Self::HakmemHardened => Some(("HAKMEM_HARDEN", "double_free+zero+junk+quarantine+random+guard_slabs")),
            Self::Mimalloc3SmallPages => Some(("MIMALLOC_ALLOW_THP", "0")),
            _ => None,
        }
    }

    pub(super) fn version(self, library: Option<&Path>) -> String {
        let version = match self.origin() {
            Origin::System => first_line(Command::new("getconf").arg("GNU_LIBC_VERSION")),
            Origin::Workspace => commit(),
            Origin::Named => Some("named by --other".into()),
            Origin::Built { crate_name: None, .. } => commit(),
            Origin::Built { crate_name: Some(name), .. } => locked_version(name).map(|version| {
                let own = library.filter(|_| name == "libmimalloc-sys").and_then(mimalloc_version);
                own.map_or(format!("{name} {version}"), |own| format!("{own} ({name} {version})"))
            }),
            Origin::Debian { package, .. } => {
                first_line(Command::new("dpkg-query").args(["-Wf", "${Package} ${Version}", package]))
            }
        };
        version.unwrap_or_else(|| "version unknown".into())
    }
}

fn commit() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    first_line(&mut git).map(|commit| format!("commit {commit}"))
}

/// The version of a crate that the contenders are built with.
fn locked_version(crate_name: &str) -> Option<String> {
    let lock = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("contenders/Cargo.lock")).ok()?;
    let name = format!("name = \"{crate_name}\"");
    let mut behind = lock.lines().skip_while(|line| *line != name);
    behind.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

/// What mimalloc says of itself when it starts, e.g. `v3.3.2 (built on …)`.
fn mimalloc_version(library: &Path) -> Option<String> {
    let output = Command::new("/bin/true").env("LD_PRELOAD", library).env("MIMALLOC_VERBOSE", "1").output().ok()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut versions = words.lines().filter_map(|line| line.trim_start_matches("mimalloc: ").split_once(' '));
    versions.find(|(number, _)| number.starts_with('v')).map(|(number, _)| number.to_owned())
}

/// The target folder this program was built into: `<target>/release/hakmem-benches`.
pub(crate) fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("Linux knows its programs");
    let folder = program.parent().and_then(Path::parent);
    folder.expect("cargo puts programs two folders deep").to_path_buf()
}

fn existing(path: PathBuf) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}

/// Instead of what `.cargo/config.toml` gives to ours: GNU ld refuses the contenders' lists of exports. Jumps are placed
/// as in ours.
const FLAGS: &str = if cfg!(target_arch = "x86_64") { "-Cllvm-args=-x86-branches-within-32B-boundaries" } else { "" };

/// Builds something below a folder into a target folder, with flags of its own or those of `.cargo/config.toml`.
pub(crate) fn cargo_build(folder: &Path, target: &Path, arguments: &[&str], flags: Option<&str>) -> Result<(), String> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet"])
        .args(arguments)
        .arg("--target-dir")
        .arg(target)
        .current_dir(folder)
        .envs(flags.map(|flags| ("RUSTFLAGS", flags)))
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("cargo build {} failed", arguments.join(" "))),
        Err(error) => Err(format!("cargo: {error}")),
    }
}
