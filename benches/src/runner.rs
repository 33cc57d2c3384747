//! Runs every workload and program under every contender, interleaved, each run in a process of its own.

use std::io::{IsTerminal, Read, stderr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::{passed_variables, wait_or_kill};
use crate::contender::{Contender, ContenderName, Contenders};
use crate::grid::{Cell, Grid};
use crate::options::Options;
use crate::program::Job;
use crate::request::Request;
use crate::sample::Sample;
use crate::settling::unsettled;
use crate::subject::Subject;
use crate::workload::Workload;

/// Who takes longer for the round of warm-up is not asked again: that one run counts.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rounds in which the memory after 2 s of rest is read. It hardly differs between runs.
const ROUNDS_READ_LATER: usize = 3;

/// What is run over and over.
enum Task {
    Workload(Workload, u64),
    Program(Box<Job>),
}

impl Task {
    fn of(subject: Subject, options: &Options, contenders: &Contenders) -> Result<Self, String> {
        match subject {
            Subject::Workload(workload) => Ok(Self::Workload(workload, workload.scaled_steps(options.steps))),
            Subject::Program(program) => Job::prepare(program, options, contenders).map(Box::new).map(Self::Program),
        }
    }

    fn refusal(&self, contender: ContenderName, options: &Options) -> Option<String> {
        match self {
            Self::Workload(..) => None,
            Self::Program(job) => job.refusal(contender, options),
        }
    }

    /// Round 0 is the warm-up.
    fn run(&self, contender: &Contender, round: usize) -> Result<Sample, String> {
        match self {
            Self::Workload(workload, steps) => {
                let later = workload.is_read_later() && (1..=ROUNDS_READ_LATER).contains(&round);
                contender.run(*workload, *steps, later)
            }
            Self::Program(job) => job.run(contender, round == 0),
        }
    }
}

/// Round by round, one warm-up first; each round starts with another contender.
pub(crate) fn measure(options: &Options, contenders: &Contenders) -> Grid {
    let mut grid = Grid::default();
    for subject in options.selection() {
        progress(&format!("{subject}: made ready"));
        match Task::of(subject, options, contenders) {
            Ok(task) => measure_one(subject, &task, options, contenders, &mut grid),
            Err(reason) => {
                progress("");
                eprintln!("skipped: {subject}: {reason}");
                grid.left_out.push((subject, None, reason));
            }
        }
    }
    progress("");
    grid
}

fn measure_one(subject: Subject, task: &Task, options: &Options, contenders: &Contenders, grid: &mut Grid) {
    let mut cells: Vec<(&Contender, Cell)> = Vec::new();
    for contender in &contenders.present {
        match task.refusal(contender.name, options) {
            None => cells.push((contender, Cell::new(subject, contender))),
            Some(reason) => grid.left_out.push((subject, Some(contender.name), reason)),
        }
    }
    let everyone: Vec<usize> = (0..cells.len()).collect();
    for round in 0..=options.rounds as usize {
        progress(&format!("{subject}: round {round} of {}", options.rounds));
        run_round(subject, task, &mut cells, &everyone, round);
    }
    let (start, most) = (Instant::now(), Duration::from_secs(options.settle.into()));
    for round in options.rounds as usize + 1.. {
        let wanted = unsettled(subject, &cells.iter().map(|(_, cell)| cell).collect::<Vec<_>>());
        if wanted.is_empty() || start.elapsed() >= most {
            break;
        }
        progress(&format!("{subject}: round {round}, not settled yet: {} contenders", wanted.len()));
        run_round(subject, task, &mut cells, &wanted, round);
    }
    grid.cells.extend(cells.into_iter().map(|(_, cell)| cell));
}

/// One run of each that is wanted, beginning with another one each round.
fn run_round(subject: Subject, task: &Task, cells: &mut [(&Contender, Cell)], wanted: &[usize], round: usize) {
    for turn in 0..wanted.len() {
        let (contender, cell) = &mut cells[wanted[(turn + round) % wanted.len()]];
        if cell.failure.is_some() || cell.took_long {
            continue;
        }
        let start = Instant::now();
        match task.run(contender, round) {
            Ok(sample) if round == 0 => {
                cell.took_long = start.elapsed() > PATIENCE;
                cell.samples.extend(cell.took_long.then_some(sample));
            }
            Ok(sample) => cell.samples.push(sample),
            Err(failure) => {
                progress("");
                eprintln!("FAILED: {} {subject}: {failure}", cell.contender);
                cell.samples.clear();
                cell.failure = Some(failure);
            }
        }
    }
}

/// Overwrites the last line of a terminal.
pub(crate) fn progress(words: &str) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K{words}");
    }
}

impl Contender {
    /// One child process of this program.
    pub(crate) fn run(&self, workload: Workload, steps: u64, later: bool) -> Result<Sample, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(Request { workload, steps, later }.arguments())
            .env_clear()
            .envs(passed_variables())
            .envs(self.name.setting());
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
