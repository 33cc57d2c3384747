//! Processes that are measured: which variables they get, and how long they may take.

use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A run that takes longer hangs.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(300);
/// The settings a child gets: those of hakmem and no other allocator's.
pub(crate) fn passed_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with("HAKMEM_"))
}

/// How it ended.
pub(crate) fn wait_or_kill(child: &mut Child) -> Result<ExitStatus, String> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if start.elapsed() > TIME_LIMIT {
            child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
            return Err(format!("still running after {} s", TIME_LIMIT.as_secs()));
        }
        sleep(Duration::from_millis(5));
    }
}
