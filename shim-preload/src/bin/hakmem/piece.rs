//! Piece: a part of the demonstration or of the health check, done by this program in a process of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(1);

/// `program` with those words, and with that library or none; whatever else would set up an allocator is taken
/// from its environment.
pub(crate) fn command(program: &Path, words: &[&str], preload: Option<&Path>) -> Command {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).env_remove("LD_PRELOAD").env_remove("GLIBC_TUNABLES");
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("HAKMEM_") || name.starts_with("MALLOC_") {
            command.env_remove(&variable);
        }
    }
    if let Some(preload) = preload {
        command.env("LD_PRELOAD", preload).arg("--with").arg(preload);
    }
    command
}

/// Runs it to its end; none if it did not end in time, and was killed. It must not write more than a pipe holds.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Option<Output>, String> {
    let cannot = |why| format!("cannot start this program again: {why}; free some memory, or end some processes");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(cannot)?;
    let started = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if started.elapsed() > limit {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
    child.wait_with_output().map(Some).map_err(cannot)
}
