//! Instructions a step, counted by valgrind's callgrind: the same on every machine that runs the same code.

use std::process::{Command, Stdio};

use clap::ValueEnum;

use crate::child::passed_variables;
use crate::contender::ContenderName::{self, Floor, Glibc, Hakmem, Mimalloc3};
use crate::contender::{Contender, Contenders};
use crate::options::Options;
use crate::runner::progress;
use crate::sample::Sample;
use crate::standing::net_of;
use crate::statistics::geometric_mean;
use crate::subject::Subject;
use crate::workload::Workload;

/// Counted where nobody is named.
const BY_DEFAULT: [ContenderName; 4] = [Glibc, Hakmem, Floor, Mimalloc3];

/// Of one workload, in the order of the contenders.
pub(crate) struct Row {
    pub(crate) workload: Workload,
    pub(crate) counts: Vec<(ContenderName, Result<f64, String>)>,
}

/// Of all that were counted.
#[derive(Default)]
pub(crate) struct Instructions {
    pub(crate) rows: Vec<Row>,
}

impl Row {
    /// Instructions a step.
    pub(crate) fn of(&self, contender: ContenderName) -> Option<f64> {
        let found = self.counts.iter().find(|(name, _)| *name == contender);
        found.and_then(|(_, count)| count.as_ref().ok().copied())
    }

    /// The same beyond the floor's.
    pub(crate) fn net(&self, contender: ContenderName) -> Option<f64> {
        Some(net_of(self.of(contender)?, self.of(Floor)?))
    }

    /// Hakmem's beyond the floor's as a part of mimalloc 3's.
    pub(crate) fn of_mimalloc(&self) -> Option<f64> {
        Some(self.net(Hakmem)? / self.net(Mimalloc3)?)
    }
}

impl Instructions {
    /// Geometric mean over the workloads.
    pub(crate) fn mean_of_mimalloc(&self) -> Option<f64> {
        geometric_mean(self.rows.iter().filter_map(Row::of_mimalloc))
    }
}

/// Two runs for each selected workload of one thread and each contender, if asked for and valgrind is there.
pub(crate) fn count(options: &Options, contenders: &Contenders) -> Instructions {
    if !options.instructions {
        return Instructions::default();
    }
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: instructions: valgrind is not installed (package valgrind)");
        return Instructions::default();
    }
    let counted = |contender: &&Contender| !options.contenders.is_empty() || BY_DEFAULT.contains(&contender.name);
    let counted: Vec<&Contender> = contenders.present.iter().filter(counted).collect();
    let selection = options.selection();
    let workloads = Workload::value_variants().iter().filter(|&&workload| selection.contains(&Subject::from(workload)));
    let rows = workloads.filter_map(|&workload| {
        let steps = steps(workload)?;
        progress(&format!("{workload}: instructions"));
        let counts = counted.iter().map(|contender| (contender.name, contender.instructions(workload, steps)));
        Some(Row { workload, counts: counts.collect() })
    });
    let instructions = Instructions { rows: rows.collect() };
    progress("");
    for Row { workload, counts } in &instructions.rows {
        for (name, count) in counts {
            if let Err(failure) = count {
                eprintln!("FAILED: {name} {workload}: instructions: {failure}");
            }
        }
    }
    instructions
}

/// The steps of a shorter and a longer run, between which nothing differs but steps: bursts are whole, windows of
/// one size. None for what has several threads, and for the window that fills a gigabyte.
fn steps(workload: Workload) -> Option<[u64; 2]> {
    match workload {
        Workload::Heap1gib => None,
        Workload::Burst1m | Workload::Burst1mRandom => Some([1_000_000, 3_000_000]),
        Workload::Calloc => Some([1_000, 3_000]),
        _ => workload.is_micro().then_some([100_000, 300_000]),
    }
}

impl Contender {
    fn instructions(&self, workload: Workload, [few, many]: [u64; 2]) -> Result<f64, String> {
        let more = self.collected(workload, many)?.checked_sub(self.collected(workload, few)?);
        let more = more.ok_or("a longer run took fewer instructions")?;
        Ok(more as f64 / (many - few) as f64)
    }

    fn collected(&self, workload: Workload, steps: u64) -> Result<u64, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        command.args(["workload", &workload.to_string(), "--steps", &steps.to_string()]);
        command.env_clear().envs(passed_variables()).envs(self.name.setting());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if let Some(library) = &self.library {
            command.env("LD_PRELOAD", library);
        }
        let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let sample = Sample::parse(&String::from_utf8_lossy(&output.stdout)).ok_or(output.status.to_string())?;
        if !self.took_effect(&sample.malloc_in) {
            return Err(format!("did not take effect: malloc is that of {}", sample.malloc_in));
        }
        parse(&String::from_utf8_lossy(&output.stderr)).ok_or("callgrind said no number".into())
    }
}

/// `==7== Collected : 4199280`
fn parse(words: &str) -> Option<u64> {
    words.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{Instructions, Row, parse};
    use crate::contender::ContenderName::{Floor, Hakmem, Mimalloc3};
    use crate::workload::Workload;

    #[test]
    fn callgrind_says_how_many() {
        assert_eq!(parse("==7== Events    : Ir\n==7== Collected : 4199280\n==7== \n"), Some(4_199_280));
        assert_eq!(parse("==7== Events    : Ir\n"), None);
    }

    #[test]
    fn the_floor_is_taken_off_both() {
        let row = |ours| Row {
            workload: Workload::Fixed,
            counts: vec![(Floor, Ok(40.0)), (Hakmem, Ok(ours)), (Mimalloc3, Ok(60.0))],
        };
        assert_eq!(row(50.0).of_mimalloc(), Some(0.5));
        let both = Instructions { rows: vec![row(45.0), row(60.0)] };
        assert_eq!(both.mean_of_mimalloc(), Some(0.5));
        let failed = Row { workload: Workload::Fixed, counts: vec![(Floor, Ok(40.0)), (Hakmem, Err("x".into()))] };
        assert_eq!(failed.of_mimalloc(), None);
    }
}
