//! Demonstration: the same work under several allocators, in turn, each time in a process of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::chart::{Chart, Row};
use crate::output::{complain, say};
use crate::workload::{self, Cost, Workload};
use crate::{library, piece};

const ROUNDS_LEAST: usize = 5;
const ROUNDS_MOST: usize = 9;
/// No further round is begun beyond the least after this time.
const ENOUGH: Duration = Duration::from_secs(6);
/// No further round is begun at all if it might end after this time.
const LIMIT: Duration = Duration::from_secs(14);
const FOLDER: &str = "/usr/lib/x86_64-linux-gnu";
const OTHERS: [(&str, &str); 3] =
    [("jemalloc", "libjemalloc.so.2"), ("mimalloc", "libmimalloc.so.2.0"), ("tcmalloc", "libtcmalloc_minimal.so.4")];

/// An allocator and what was measured with it.
struct Contender {
    name: &'static str,
    /// None for the C library's own.
    preload: Option<PathBuf>,
    /// By workload, then by round.
    costs: Vec<Vec<Cost>>,
}

impl Contender {
    fn new(name: &'static str, preload: Option<PathBuf>) -> Self {
        Self { name, preload, costs: vec![vec![]; workload::ALL.len()] }
    }

    /// Does `workload` once, in a new process.
    fn run(&self, program: &Path, workload: &Workload) -> Result<Cost, String> {
        let name = self.name;
        let mut command = piece::command(program, &["workload", workload.name], self.preload.as_deref());
        command.stderr(Stdio::inherit());
        let outcome = command.output().map_err(|why| format!("cannot start {}: {why}", program.display()))?;
        let cost =
            outcome.status.success().then(|| Cost::from_line(&String::from_utf8_lossy(&outcome.stdout))).flatten();
        cost.ok_or_else(|| format!("the workload `{}` under {name} ended with {}", workload.name, outcome.status))
    }

    fn median(&self, workload: usize) -> Option<Cost> {
        let costs = self.costs.get(workload)?;
        let middle = costs.len() / 2;
        let mut times: Vec<Duration> = costs.iter().map(|cost| cost.time).collect();
        let mut peaks: Vec<u64> = costs.iter().map(|cost| cost.peak_bytes).collect();
        times.sort_unstable();
        peaks.sort_unstable();
        Some(Cost { time: *times.get(middle)?, peak_bytes: *peaks.get(middle)? })
    }
}

/// Measures, prints the table; returns the exit code.
pub(crate) fn demonstrate() -> u8 {
    match measured() {
        Ok(()) => 0,
        Err(why) => {
            complain(&why);
            1
        }
    }
}

fn measured() -> Result<(), String> {
    let library = library::find()?;
    let program = env::current_exe().map_err(|why| format!("cannot tell where this program is: {why}"))?;
    let mut contenders = vec![Contender::new("hakmem", Some(library.clone())), Contender::new("glibc", None)];
    for (name, file) in OTHERS {
        let path = Path::new(FOLDER).join(file);
        if let Ok(path) = path.canonicalize() {
            contenders.push(Contender::new(name, Some(path)));
        }
    }
    let names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
    say(&format!("hakmem {}: a memory allocator, by LD_PRELOAD under unchanged programs", env!("CARGO_PKG_VERSION")));
    say(&format!("measures {} on this machine, about 10 seconds ...", names.join(", ")));
    let rounds = rounds(&program, &mut contenders)?;
    say(&format!("medians of {rounds} rounds, allocators in turn, every run in a process of its own; less is better"));
    if rounds < ROUNDS_LEAST {
        say(&format!("(the machine is slow or busy: time ran out before round {ROUNDS_LEAST})"));
    }
    let chart = Chart::new();
    say("");
    say(&Chart::title("glibc"));
    let mut ratios = vec![];
    for (number, workload) in workload::ALL.iter().enumerate() {
        let medians: Vec<(&str, Cost)> =
            contenders.iter().filter_map(|contender| Some((contender.name, contender.median(number)?))).collect();
        let Some(&(_, glibc)) = medians.iter().find(|row| row.0 == "glibc") else { continue };
        let rows: Vec<Row> = medians.iter().map(|&(name, cost)| Row::new(name, cost, glibc)).collect();
        for line in chart.lines(workload.about, &rows) {
            say(&line);
        }
        ratios.extend(rows.first().map(|ours| (ours.time_ratio, ours.peak_ratio)));
    }
    say("");
    say(&summary(&ratios));
    say("");
    let program = shown(&program);
    let library = shown(&library);
    say(&format!("Your own program:    {program} run -- PROGRAM"));
    say(&format!("  its calls counted: {program} run --stats -- PROGRAM"));
    say(&format!("  will it work?      {program} check PROGRAM"));
    say(&format!("  by hand:           LD_PRELOAD={} PROGRAM", library_path(&library)));
    Ok(())
}

/// All contenders in turn, the order turned on by one each round, so that none always follows the same.
fn rounds(program: &Path, contenders: &mut [Contender]) -> Result<usize, String> {
    let (started, count) = (Instant::now(), contenders.len());
    for round in 0..ROUNDS_MOST {
        let spent = started.elapsed();
        let next = spent.checked_div(round.try_into().unwrap_or(1)).unwrap_or_default();
        if (round >= ROUNDS_LEAST && spent > ENOUGH) || spent + next > LIMIT {
            return Ok(round);
        }
        for (number, workload) in workload::ALL.iter().enumerate() {
            let (later, first) = contenders.split_at_mut(round % count);
            for contender in first.iter_mut().chain(later) {
                let cost = contender.run(program, workload)?;
                if let Some(costs) = contender.costs.get_mut(number) {
                    costs.push(cost);
                }
            }
        }
    }
    Ok(ROUNDS_MOST)
}

/// How hakmem did against glibc over all workloads, the worst named as plainly as the best.
fn summary(ratios: &[(f64, f64)]) -> String {
    let mean = |of: fn(&(f64, f64)) -> f64| {
        (ratios.iter().map(|ratio| of(ratio).ln()).sum::<f64>() / ratios.len().max(1) as f64).exp()
    };
    let better = |of: fn(&(f64, f64)) -> f64| ratios.iter().filter(|ratio| of(ratio) < 1.0).count();
    let all = ratios.len();
    format!(
        "hakmem beside glibc: {:.2} of its time (faster in {} of {all}), {:.2} of its peak memory (less in {} of {all}); \
         geometric means",
        mean(|ratio| ratio.0),
        better(|ratio| ratio.0),
        mean(|ratio| ratio.1),
        better(|ratio| ratio.1),
    )
}

/// As a user would type it here: relative if it is below the current folder.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// `LD_PRELOAD` searches a name without a slash elsewhere.
fn library_path(shown: &str) -> String {
    if shown.starts_with('/') { shown.to_owned() } else { format!("$PWD/{shown}") }
}
