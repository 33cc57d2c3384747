//! A program of a part: started with the library, watched, asked to end, its standard error read.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::stage::{Role, Stage, Watched};

/// How long a program may take to end once it is asked to.
const PATIENCE: Duration = Duration::from_secs(90);
/// What our library puts before each line.
const OURS: &str = "hakmem:";
/// Lines that a failure shows of what a program wrote.
const LAST_LINES: usize = 4;

/// One that runs; ends when dropped.
pub(crate) struct Program<'a> {
    stage: &'a Stage,
    child: Child,
    role: Role,
    output: PathBuf,
    errors: PathBuf,
    ended: bool,
}

/// Whether a program is there, by name or by path.
pub(crate) fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&folders);
    if program.contains('/') { Path::new(program).is_file() } else { folders.any(|path| path.join(program).is_file()) }
}

impl<'a> Program<'a> {
    /// Starts it with the library, and with no other setting than those of ours that we were started with.
    pub(crate) fn start(stage: &'a Stage, role: Role, turn: u32, command: &Command) -> Result<Self, String> {
        let file = |kind| stage.folder.path(format!("{}.{turn}.{kind}", role.name.replace(' ', "-")));
        let (output, errors) = (file("out"), file("err"));
        let open = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
        // Who kills us shall not leave servers behind.
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
        guarded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = guarded
            .env("LD_PRELOAD", &stage.preload)
            .stdin(Stdio::null())
            .stdout(open(&output)?)
            .stderr(open(&errors)?)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        stage.watch(Watched { role, turn, process: child.id() });
        stage.count(role, "processes", 1);
        Ok(Self { stage, child, role, output, errors, ended: false })
    }

    /// Whether the loader has taken the library; asked when the program is up.
    pub(crate) fn is_served(&self) -> Result<(), String> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.child.id())).map_err(|error| error.to_string())?;
        let name = self.stage.preload.to_string_lossy();
        if maps.lines().any(|line| line.ends_with(&*name)) { Ok(()) } else { Err(format!("{name} is not loaded")) }
    }

    /// `Err` if it ended by itself.
    pub(crate) fn lives(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                self.close();
                self.judge_words();
                Err(format!("ended by itself, {}{}", words_of(status), self.last_lines()))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Bytes it has written to its standard output.
    pub(crate) fn written(&self) -> u64 {
        fs::metadata(&self.output).map_or(0, |found| found.len())
    }

    /// Lines of it.
    pub(crate) fn lines(&self) -> u64 {
        read(&self.output).lines().count() as u64
    }

    /// Asks it to end by SIGTERM: it must do so in time, and well.
    pub(crate) fn end(mut self) -> Result<(), String> {
        self.lives()?;
        signal("TERM", self.child.id());
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => break status,
                None if start.elapsed() > PATIENCE => {
                    return Err(format!("still there {} s after SIGTERM{}", PATIENCE.as_secs(), self.last_lines()));
                }
                None => sleep(Duration::from_millis(10)),
            }
        };
        self.close();
        self.judge_words();
        if status.success() { Ok(()) } else { Err(format!("{}{}", words_of(status), self.last_lines())) }
    }

    fn close(&mut self) {
        self.stage.unwatch(self.child.id());
        self.ended = true;
    }

    /// Every line of the library is a failure: it was asked to say nothing.
    fn judge_words(&self) {
        for line in library_lines(&read(&self.errors)) {
            self.stage.fail(format!("{}: {line}", self.role.name));
        }
    }

    fn last_lines(&self) -> String {
        last_lines(&read(&self.output), &read(&self.errors))
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // It may have ended a moment ago: either way it is gone then.
            let _ = self.child.kill().and_then(|()| self.child.wait());
            self.close();
            self.judge_words();
        }
    }
}

fn read(path: &Path) -> String {
    fs::read(path).map_or_else(|error: io::Error| error.to_string(), |text| String::from_utf8_lossy(&text).into())
}

/// A program's last words, as the end of a sentence: what is wrong stands among its errors, so they come last.
fn last_lines(output: &str, errors: &str) -> String {
    let lines: Vec<&str> = errors.lines().rev().chain(output.lines().rev()).take(LAST_LINES).collect();
    lines.into_iter().rev().map(|line| format!("; {line}")).collect()
}

/// What our library wrote, also where a program's own words stand before it in the line.
fn library_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.contains(OURS))
}

fn words_of(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or(0)),
    }
}

fn signal(name: &str, process: u32) {
    // A process that is gone is no error here: its end is read next.
    let _ = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {process}")]).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::{last_lines, library_lines};

    #[test]
    fn a_line_of_the_library_is_found_anywhere() {
        let text = "ready\nhakmem: double free of 0x10\n42: hakmem: unknown setting\nthe hakmem project\n";
        let lines: Vec<&str> = library_lines(text).collect();
        assert_eq!(lines, ["hakmem: double free of 0x10", "42: hakmem: unknown setting"]);
    }

    #[test]
    fn errors_are_shown_however_much_was_put_out() {
        assert_eq!(last_lines("1\n2\n3\n4\n5\n", "wrong\n"), "; 3; 4; 5; wrong");
        assert_eq!(last_lines("", "a\nb\nc\nd\ne\n"), "; b; c; d; e");
    }
}
