//! A program of the device, run under QEMU.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::target::Target;
use crate::toolchain::output;

const QEMU: &str = "qemu-system-arm";

pub(crate) struct Emulator {
    pub(crate) words: String,
}

/// What a test did.
pub(crate) enum Ended {
    /// What it printed.
    Well(String),
    /// What it printed.
    Badly(String),
    Hung,
}

pub(crate) fn find() -> Result<Emulator, String> {
    let version =
        output(QEMU, &["--version"]).ok_or("there is no qemu-system-arm: install Debian's qemu-system-arm")?;
    Ok(Emulator { words: version.lines().next().unwrap_or_default().to_owned() })
}

fn wait(mut child: Child, most: Duration) -> Result<Option<bool>, String> {
    let end = Instant::now() + most;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(Some(status.success()));
        }
        if Instant::now() > end {
            child.kill().and_then(|()| child.wait().map(drop)).map_err(|error| error.to_string())?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl Emulator {
    pub(crate) fn run(&self, target: Target, program: &Path, test: &str, most: Duration) -> Result<Ended, String> {
        let mut qemu = Command::new(QEMU);
        qemu.args(["-M", target.board, "-display", "none", "-monitor", "none", "-serial", "none"]);
        qemu.args(["-icount", "shift=7", "-semihosting-config", "enable=on,target=native"]);
        qemu.arg("-kernel").arg(program).args(["-append", test]);
        qemu.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = qemu.spawn().map_err(|error| format!("{QEMU}: {error}"))?;
        let mut pipe = child.stderr.take().ok_or("no pipe to QEMU")?;
        let reader = thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).map(|_| text)
        });
        let ended = wait(child, most)?;
        let text = reader.join().map_err(|_| "reading from QEMU failed")?.map_err(|error| error.to_string())?;
        Ok(match ended {
            None => Ended::Hung,
            Some(true) if text.lines().last() == Some("done") => Ended::Well(text),
            Some(_) => Ended::Badly(text),
        })
    }
}
