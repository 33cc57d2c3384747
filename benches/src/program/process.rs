//! A program that runs: started, waited for, killed if it hangs or is dropped.

use std::process::{Child, Command};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::TIME_LIMIT;
use crate::program::usage::Usage;

/// One that was not waited for yet.
pub(super) struct Process {
    child: Child,
    start: Instant,
    ended: bool,
}

impl Process {
    /// Starts it.
    pub(super) fn start(command: &mut Command) -> Result<Self, String> {
        let start = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        Ok(Self { child, start, ended: false })
    }

    /// Waits for its end: how long it ran, and what it used.
    pub(super) fn wait(mut self) -> Result<(Duration, Usage), String> {
        let (sender, receiver) = channel();
        let id = self.child.id();
        thread::spawn(move || sender.send((Usage::of(id), Instant::now())));
        let (usage, end) =
            receiver.recv_timeout(TIME_LIMIT).map_err(|_| format!("still running after {} s", TIME_LIMIT.as_secs()))?;
        self.ended = true;
        Ok((end - self.start, usage.map_err(|error| error.to_string())?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended && self.child.kill().is_ok() {
            // Somebody may be waiting already; either way it is gone.
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Process;

    #[test]
    fn a_process_tells_what_it_used() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exit 7"]);
        let (wall, usage) = Process::start(&mut command).and_then(Process::wait).expect("a shell is there");
        assert_eq!(usage.status.code(), Some(7));
        assert!(usage.cpu_ns > 0 && u128::from(usage.cpu_ns) < 2 * wall.as_nanos(), "{usage:?} in {wall:?}");
        assert!(usage.peak_kb > 500 && usage.faults > 50, "{usage:?}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let failure = Process::start(&mut Command::new("/no/such/program")).err().unwrap_or_default();
        assert!(failure.starts_with("/no/such/program: "), "{failure}");
    }
}
