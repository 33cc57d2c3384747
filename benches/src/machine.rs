//! What the figures were measured on.

use std::fs::read_to_string;
use std::process::Command;
use std::thread::available_parallelism;

use crate::tool::first_line;

/// The machine and its system, in the words of the report.
pub(crate) struct Machine {
    /// Name and value, one pair a line of the report.
    pub(crate) lines: Vec<(&'static str, String)>,
}

impl Machine {
    /// Asks the kernel and the installed tools.
    pub(crate) fn read() -> Self {
        let file = |path| read_to_string(path).map(|text| text.trim().to_owned()).ok();
        let processor = file("/proc/cpuinfo").and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            line.split_once(": ").map(|(_, name)| name.to_owned())
        });
        let lines = [
            ("date", first_line(&mut Command::new("date"))),
            ("processor", processor),
            ("cores", available_parallelism().ok().map(|cores| cores.to_string())),
            ("kernel", file("/proc/sys/kernel/osrelease")),
            ("glibc", first_line(Command::new("ldd").arg("--version"))),
            ("huge pages", file("/sys/kernel/mm/transparent_hugepage/enabled")),
            ("load before", file("/proc/loadavg")),
            ("rustc", first_line(Command::new("rustc").arg("--version"))),
        ];
        let known = |(name, value): (_, Option<String>)| (name, value.unwrap_or("unknown".into()));
        Self { lines: lines.into_iter().map(known).collect() }
    }
}
