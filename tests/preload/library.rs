//! The library under test: built once a run, and proved to be the one that serves.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::child::{Outcome, command, find_or_skip, run, skipped};

/// The library and the program that comes with it.
pub(crate) struct Library {
    pub(crate) shared: PathBuf,
    pub(crate) program: PathBuf,
    ours: bool,
}

/// Builds it on the first call.
pub(crate) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    LIBRARY.get_or_init(Library::find).as_ref().unwrap_or_else(|why| panic!("{why}"))
}

/// The workspace's folder.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the workspace")
}

impl Library {
    fn find() -> Result<Self, String> {
        match env::var_os("HAKMEM_TEST_LIB") {
            Some(path) => Self::at(PathBuf::from(path)),
            None => Self::build(),
        }
    }

    fn at(shared: PathBuf) -> Result<Self, String> {
        let shared = shared.canonicalize().map_err(|error| format!("no library at {}: {error}", shared.display()))?;
        let program = shared.with_file_name("hakmem");
        let ours = shared.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libhakmem"));
        Ok(Self { shared, program, ours })
    }

    /// In a target folder of its own: the cargo that runs us holds the lock of the usual one.
    fn build() -> Result<Self, String> {
        let folder = workspace().join("target/preload-under-test");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--release", "-p", "hakmem-preload", "--quiet", "--manifest-path"]);
        cargo.arg(workspace().join("Cargo.toml")).arg("--target-dir").arg(&folder);
        // Flags for the tests (coverage, another target) are not for the library.
        for name in ["LD_PRELOAD", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(name);
        }
        let built = run(&mut cargo, 600);
        if !built.status.success() {
            return Err(format!("libhakmem.so does not build:\n{}", built.stderr));
        }
        Self::at(folder.join("release/libhakmem.so"))
    }

    /// Makes the command a client of the library, which says so on stderr.
    pub(crate) fn preload<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", &self.shared);
        if self.ours {
            command.env("HAKMEM_VERBOSE", "1");
        }
        command
    }

    /// False, and says so, if another allocator is under test.
    pub(crate) fn is_ours_or_skip(&self, what: &str) -> bool {
        if !self.ours {
            skipped(&format!("{what}: {} is not ours", self.shared.display()));
        }
        self.ours
    }

    /// The banner stands first and nothing but banners follows.
    pub(crate) fn assert_served_quietly(&self, outcome: &Outcome) {
        if self.ours {
            self.assert_served(&outcome.stderr);
            let faults: Vec<_> = outcome.library_lines().into_iter().filter(|line| !is_banner(line)).collect();
            assert!(faults.is_empty(), "the library complained:\n{}", faults.join("\n"));
        }
    }

    /// The banner stands first.
    pub(crate) fn assert_served(&self, stderr: &str) {
        let first = stderr.lines().next().unwrap_or_default();
        assert!(!self.ours || serves(first), "no banner: the library was not loaded; stderr is\n{stderr}");
    }
}

fn serves(line: &str) -> bool {
    line.starts_with("hakmem: ") && line.contains(" serves process ")
}

/// Also of a process that has an allocator inside, such as rustc's behind rustup's.
fn is_banner(line: &str) -> bool {
    serves(line) || line.starts_with("hakmem: ") && line.ends_with(", which goes first")
}

#[test]
fn the_library_just_built_is_the_one_that_serves() {
    let Some(cat) = find_or_skip("cat") else { return };
    let outcome = run(library().preload(command(cat).arg("/proc/self/maps")), 10);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    library().assert_served_quietly(&outcome);
    let path = library().shared.to_str().expect("a plain path");
    let text = outcome.text();
    assert!(text.lines().any(|line| line.ends_with(path)), "{path} is not in\n{text}");
}

#[test]
fn silence_unless_asked() {
    let mut echo = command("/bin/echo");
    let outcome = run(echo.arg("quiet").env("LD_PRELOAD", &library().shared), 10);
    assert_eq!((outcome.text().as_str(), outcome.stderr.as_str()), ("quiet\n", ""));
}

#[test]
fn no_open_file_unless_asked() {
    let Some(ls) = find_or_skip("ls") else { return };
    let bare = run(command(&ls).arg("/proc/self/fd"), 10);
    let served = run(command(&ls).arg("/proc/self/fd").env("LD_PRELOAD", &library().shared), 10);
    assert_eq!(served.text(), bare.text());
}

#[test]
fn a_mistyped_setting_is_named_and_ignored() {
    if !library().is_ours_or_skip("settings") {
        return;
    }
    let mut echo = command("/bin/echo");
    let outcome = run(echo.arg("on").env("LD_PRELOAD", &library().shared).env("HAKMEM_STAST", "1"), 10);
    assert_eq!(outcome.text(), "on\n");
    let lines = outcome.library_lines();
    assert!(lines.len() == 1 && lines[0].contains("STAST") && lines[0].contains("stats"), "{}", outcome.stderr);
}

#[test]
fn a_program_starts_warm_and_with_mechanisms_off() {
    if !library().is_ours_or_skip("settings") {
        return;
    }
    let off = "cold_threads+starters+growth+reserve+packing+remap";
    let mut echo = command("/bin/echo");
    echo.arg("warm").env("LD_PRELOAD", &library().shared).env("HAKMEM_OFF", off).env("HAKMEM_STATS", "1");
    let outcome = run(echo.env("HAKMEM_CONF", "prewarm_bytes:8M,prewarm_blocks:10"), 10);
    assert_eq!(outcome.text(), "warm\n", "{}", outcome.stderr);
    let cached =
        outcome.stderr.lines().find_map(|line| line.trim_start_matches("hakmem:").trim().strip_prefix("cached"));
    let cached: u64 = cached.and_then(|figure| figure.trim().parse().ok()).expect("the table has the figure");
    assert!(cached > 4 << 20, "{}", outcome.stderr);
}
