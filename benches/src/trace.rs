//! Counts system calls of the `syscall` workload with strace, where it is installed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::child::passed_variables;
use crate::contender::{Contender, ContenderName, Contenders};
use crate::options::Options;
use crate::workload::Workload;

/// System calls of one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Calls {
    /// From `execve` to the end.
    pub(crate) process: usize,
    /// In the timed section only.
    pub(crate) timed: usize,
}

/// One run under strace for each contender; none without strace or without the workload.
pub(crate) fn count(options: &Options, contenders: &Contenders) -> Vec<(ContenderName, Calls)> {
    if !options.selection().contains(&Workload::Syscall.into()) {
        return Vec::new();
    }
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: system calls: strace is not installed");
        return Vec::new();
    }
    let counted = |contender: &Contender| Some((contender.name, contender.calls()?));
    contenders.present.iter().filter_map(counted).collect()
}

impl Contender {
    fn calls(&self) -> Option<Calls> {
        let program = std::env::current_exe().ok()?;
        let log: PathBuf = program.with_file_name(format!("strace-{}.log", self.name));
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(&log);
        if let Some(library) = &self.library {
            command.arg("-E").arg(format!("LD_PRELOAD={}", library.display()));
        }
        command.arg(program).args(["workload", "syscall"]).stdout(Stdio::null());
        command.env_clear().envs(passed_variables()).envs(self.name.setting());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if !command.status().ok()?.success() {
            eprintln!("FAILED: {} under strace", self.name);
            return None;
        }
        parse(&fs::read_to_string(log).ok()?)
    }
}

/// The timed section lies between the two readings of the process's CPU time, which are calls.
fn parse(log: &str) -> Option<Calls> {
    let is_call = |line: &&str| {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        !call.starts_with(['+', '-']) && !call.starts_with("<...")
    };
    let calls: Vec<&str> = log.lines().filter(is_call).collect();
    let reads_clock = |line: &&str| line.contains("(CLOCK_PROCESS_CPUTIME_ID");
    let first = calls.iter().position(reads_clock)?;
    let timed = calls[first + 1..].iter().position(reads_clock)?;
    Some(Calls { process: calls.len(), timed })
}

#[cfg(test)]
mod tests {
    use super::{Calls, parse};

    #[test]
    fn calls_are_counted_between_the_two_clocks() {
        let log = "7 execve(\"x\") = 0\n7 clock_gettime(CLOCK_PROCESS_CPUTIME_ID, {}) = 0\n\
            7 mmap(NULL) = 1\n8 madvise(1 <unfinished ...>\n8 <... madvise resumed>) = 0\n\
            7 --- SIGCHLD ---\n7 clock_gettime(CLOCK_PROCESS_CPUTIME_ID, {}) = 0\n\
            7 close(3) = 0\n7 +++ exited with 0 +++\n";
        assert_eq!(parse(log), Some(Calls { process: 6, timed: 2 }));
        assert_eq!(parse("7 execve() = 0"), None);
    }
}
