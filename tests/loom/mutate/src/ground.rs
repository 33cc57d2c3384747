//! The copy of the tree in which mutants live, and how they are judged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::list::Mutation;

/// The models take so long at most; a mutant that takes longer waits for what never comes.
const MODELS_SECONDS: u64 = 100;
const TEST_SECONDS: u64 = 300;
const BUILD_SECONDS: u64 = 1800;
/// What may notice beside the models, of the main workspace.
const TESTS: [&[&str]; 2] = [
    &["test", "--lib", "-p", "hakmem-core"],
    &[
        "test",
        "-p",
        "hakmem-tests",
        "--test",
        "extents",
        "--test",
        "threads",
        "--test",
        "properties",
        "--test",
        "faults",
        "--test",
        "unlocked",
        "--test",
        "purge",
        "--test",
        "crowd",
    ],
];
/// What the copy needs.
const PARTS: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", ".cargo", "core-nostd", "shim-std", "shim-preload", "tests", "benches"];

/// See the file's head.
pub(crate) struct Ground {
    root: PathBuf,
    copy: PathBuf,
    models_only: bool,
}

/// What became of a mutant.
pub(crate) enum Verdict {
    /// By whom.
    Killed(String),
    /// Nobody noticed.
    Survived,
    /// What the compiler says.
    Unbuilt(String),
}

enum End {
    Well,
    Ill(String),
    Late,
}

/// The working tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().expect("the tree is there")
}

impl Ground {
    /// Brings the copy up to date with the working tree, which stays as it is.
    pub(crate) fn new(root: &Path, models_only: bool) -> Self {
        let copy = root.join("tests/loom/target/mutants/tree");
        fs::create_dir_all(&copy).expect("a folder below target");
        for part in PARTS {
            bring(&root.join(part), &copy.join(part));
        }
        Self { root: root.to_owned(), copy, models_only }
    }

    /// What does not hold without a mutation.
    pub(crate) fn unchanged(&self) -> Option<String> {
        match self.verdict() {
            Verdict::Survived => None,
            Verdict::Killed(by) => Some(format!("{by} fails")),
            Verdict::Unbuilt(words) => Some(format!("it does not build: {words}")),
        }
    }

    /// Applies a mutation, asks, and takes it back.
    pub(crate) fn judge(&self, mutation: &Mutation) -> Verdict {
        let text = fs::read_to_string(self.root.join(&mutation.file)).expect("looked at before");
        let place = self.copy.join(&mutation.file);
        fs::write(&place, mutation.apply(&text)).expect("the copy is ours");
        let verdict = self.verdict();
        fs::write(&place, text).expect("the copy is ours");
        verdict
    }

    fn verdict(&self) -> Verdict {
        let loom = self.copy.join("tests/loom");
        let build = ["build", "--release", "--quiet", "-p", "hakmem-models"];
        match self.run(self.cargo(&loom, &build), BUILD_SECONDS) {
            End::Well => {}
            End::Ill(words) => return Verdict::Unbuilt(last_line(&words, "error")),
            End::Late => return Verdict::Unbuilt("it takes too long".to_owned()),
        }
        let mut models = Command::new(self.target().join("release/model"));
        models.arg("--fail-fast");
        match self.run(models, MODELS_SECONDS) {
            End::Well => {}
            End::Ill(words) => return Verdict::Killed(format!("model {}", last_line(&words, "FAIL "))),
            End::Late => return Verdict::Killed(format!("the models: not done after {MODELS_SECONDS} s")),
        }
        for arguments in TESTS.iter().filter(|_| !self.models_only) {
            let build = [arguments, &["--no-run", "--quiet"][..]].concat();
            if let End::Ill(words) = self.run(self.cargo(&self.copy, &build), BUILD_SECONDS) {
                return Verdict::Unbuilt(last_line(&words, "error"));
            }
            match self.run(self.cargo(&self.copy, arguments), TEST_SECONDS) {
                End::Well => {}
                End::Ill(words) => return Verdict::Killed(format!("test {}", last_line(&words, "test "))),
                End::Late => return Verdict::Killed(format!("the tests: not done after {TEST_SECONDS} s")),
            }
        }
        Verdict::Survived
    }

    fn target(&self) -> PathBuf {
        self.root.join("tests/loom/target/mutants/build")
    }

    fn cargo(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", self.target());
        cargo
    }

    /// Runs it to its end, at most so long.
    fn run(&self, mut command: Command, seconds: u64) -> End {
        let log = self.copy.with_file_name("log");
        let file = fs::File::create(&log).expect("a file below target");
        command.stdin(Stdio::null()).stderr(file.try_clone().expect("a descriptor")).stdout(file);
        let mut child = command.spawn().expect("it starts");
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                let words = || String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
                return if status.success() { End::Well } else { End::Ill(words()) };
            }
            if begun.elapsed() > Duration::from_secs(seconds) {
                let _ = child.kill();
                let _ = child.wait();
                return End::Late;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The first line that begins so and is of no test that passed, or the last one.
fn last_line(words: &str, begins: &str) -> String {
    let is_good = |line: &str| line.ends_with("... ok") || line.starts_with("test result: ok");
    let mut bad = words.lines().filter(|line| line.starts_with(begins) && !is_good(line));
    let line = bad.next().or(words.lines().last()).unwrap_or("a signal").trim_start_matches(begins);
    line.split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

/// Copies what is newer or other, and nothing of `target`.
fn bring(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder below target");
        for entry in fs::read_dir(from).expect("a folder of the tree").flatten() {
            if entry.file_name() != "target" && entry.file_name() != "results" {
                bring(&entry.path(), &to.join(entry.file_name()));
            }
        }
    } else if let Ok(bytes) = fs::read(from)
        && fs::read(to).ok().as_ref() != Some(&bytes)
    {
        fs::write(to, bytes).expect("the copy is ours");
    }
}
