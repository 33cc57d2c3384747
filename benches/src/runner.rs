//! Runs every workload under every contender, interleaved, each run in a child process.

use std::io::{IsTerminal, Read, stderr};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Options;
use crate::contender::{Contender, ContenderName, Contenders};
use crate::sample::Sample;
use crate::statistics::{Spread, median};
use crate::workload::Workload;

/// A run that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// Who takes longer for the round of warm-up is not asked again: that one run counts.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rounds in which the memory after 2 s of rest is read. It hardly differs between runs.
const ROUNDS_READ_LATER: usize = 3;

/// All runs of one workload under one contender.
pub(crate) struct Cell {
    pub(crate) workload: Workload,
    pub(crate) contender: ContenderName,
    /// The measured rounds; empty after a failure.
    pub(crate) samples: Vec<Sample>,
    pub(crate) failure: Option<String>,
    /// Its one sample is that of the warm-up.
    pub(crate) took_long: bool,
}

/// The cells of a comparison.
pub(crate) struct Grid {
    pub(crate) cells: Vec<Cell>,
}

impl Grid {
    /// The cell of a pair, if it was measured without a failure.
    pub(crate) fn cell(&self, workload: Workload, contender: ContenderName) -> Option<&Cell> {
        let wanted = |cell: &&Cell| cell.workload == workload && cell.contender == contender;
        self.cells.iter().find(wanted).filter(|cell| !cell.samples.is_empty())
    }
}

impl Cell {
    /// Middle and spread of one number of the runs.
    pub(crate) fn spread(&self, number: impl Fn(&Sample) -> f64) -> Spread {
        let values: Vec<f64> = self.samples.iter().map(number).collect();
        Spread::of(&values).unwrap_or_default()
    }

    /// Median of the memory 2 s after the end, over the runs where it was read.
    pub(crate) fn later_kb(&self) -> Option<f64> {
        let values: Vec<f64> = self.samples.iter().filter_map(|sample| Some(sample.later_kb? as f64)).collect();
        median(&values)
    }

    /// Median of what a thread costs over its stack; of the workload of many threads only.
    pub(crate) fn per_thread_kb(&self) -> Option<f64> {
        let values: Vec<f64> = self.samples.iter().filter_map(|sample| sample.per_thread_kb).collect();
        median(&values)
    }
}

/// Round by round, one warm-up first; each round starts with another contender.
pub(crate) fn measure(options: &Options, contenders: &Contenders) -> Grid {
    let mut grid = Grid { cells: Vec::new() };
    for workload in options.selection() {
        let steps = workload.scaled_steps(options.steps);
        let mut cells: Vec<Cell> = contenders.present.iter().map(|c| c.cell(workload)).collect();
        for round in 0..=options.rounds as usize {
            progress(&format!("{workload}: round {round} of {}", options.rounds));
            for turn in 0..cells.len() {
                let index = (turn + round) % cells.len();
                let cell = &mut cells[index];
                if cell.failure.is_some() || cell.took_long {
                    continue;
                }
                let later = workload.is_read_later() && (1..=ROUNDS_READ_LATER).contains(&round);
                let start = Instant::now();
                match contenders.present[index].run(workload, steps, later) {
                    Ok(sample) if round == 0 => {
                        cell.took_long = start.elapsed() > PATIENCE;
                        cell.samples.extend(cell.took_long.then_some(sample));
                    }
                    Ok(sample) => cell.samples.push(sample),
                    Err(failure) => {
                        progress("");
                        eprintln!("FAILED: {} {workload}: {failure}", cell.contender);
                        cell.samples.clear();
                        cell.failure = Some(failure);
                    }
                }
            }
        }
        grid.cells.append(&mut cells);
    }
    progress("");
    grid
}

/// Overwrites the last line of a terminal.
pub(crate) fn progress(words: &str) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K{words}");
    }
}

impl Contender {
    fn cell(&self, workload: Workload) -> Cell {
        Cell { workload, contender: self.name, samples: Vec::new(), failure: None, took_long: false }
    }

    /// One child process of this program.
    pub(crate) fn run(&self, workload: Workload, steps: u64, later: bool) -> Result<Sample, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("workload").arg(workload.to_string()).args(["--steps", &steps.to_string()]);
        if later {
            command.arg("--later");
        }
        command.env_clear().envs(passed_variables()).envs(self.name.setting());
        if let Some(library) = &self.library {
            command.env("LD_PRELOAD", library);
        }
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let status = wait_or_kill(&mut child)?;
        if !status.success() {
            return Err(status.to_string());
        }
        // The one line fits the pipe, so the child never waited for us to read it.
        let mut line = String::new();
        let mut output = child.stdout.take().expect("piped above");
        output.read_to_string(&mut line).map_err(|error| error.to_string())?;
        let sample = Sample::parse(&line).ok_or(format!("printed {line:?}"))?;
        if !self.took_effect(&sample.malloc_in) {
            return Err(format!("did not take effect: malloc is that of {}", sample.malloc_in));
        }
        Ok(sample)
    }
}

/// The settings a child gets: those of hakmem and no other allocator's.
pub(crate) fn passed_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with("HAKMEM_"))
}

fn wait_or_kill(child: &mut Child) -> Result<ExitStatus, String> {
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
