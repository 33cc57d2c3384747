//! A child process that ends in time, or is ended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::scratch::Scratch;

/// What a child left behind.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The exit code, or the signal as a shell counts it.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// Lines of stderr that the library wrote.
    pub(crate) fn library_lines(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.starts_with("hakmem:")).collect()
    }
}

/// The program's file, if the machine has it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The same; says so by name if the machine does not have it.
pub(crate) fn find_or_skip(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        skipped(&format!("{program} is not installed"));
    }
    found
}

/// Says on the real stderr, past the test harness, that something was not tested.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "skipped: {why}");
}

/// A command without the library and without what would change its output.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    for name in ["LD_PRELOAD", "HAKMEM_VERBOSE", "HAKMEM_STATS", "HAKMEM_ON_FAULT"] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// A running child with a process group of its own; ends with all it started when dropped.
pub(crate) struct Running {
    child: Child,
    name: String,
    folder: Scratch,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let folder = Scratch::new();
        let name = format!("{} {:?}", command.get_program().display(), command.get_args().collect::<Vec<_>>());
        let child = command
            .stdout(append_to(&folder.join("stdout")))
            .stderr(append_to(&folder.join("stderr")))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { child, name, folder }
    }

    /// True if it has not ended.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("stderr")).unwrap_or_default()).into_owned()
    }

    /// Waits for its end; panics after `seconds`.
    pub(crate) fn finish(mut self, seconds: u64) -> Outcome {
        let start = Instant::now();
        let mut pause = Duration::from_micros(500);
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours can be waited for") {
                break status;
            }
            if start.elapsed() > Duration::from_secs(seconds) {
                let stderr = self.stderr();
                panic!("{} was still running after {seconds} s; its stderr:\n{stderr}", self.name);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let stdout = fs::read(self.folder.join("stdout")).unwrap_or_default();
        Outcome { status, stdout, stderr: self.stderr() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.lives() {
            signal("KILL", &format!("-{}", self.child.id()));
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, seconds: u64) -> Outcome {
    Running::start(command).finish(seconds)
}

fn append_to(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("the scratch folder can be written")
}

fn signal(name: &str, target: &str) {
    let _ = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {target}")]).stderr(Stdio::null()).status();
}
