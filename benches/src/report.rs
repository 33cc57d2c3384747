//! The table on stdout, the runs as CSV, and the Markdown beside it with all that is needed to
//! repeat them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Options;
use crate::contender::ContenderName::{Glibc, Mimalloc3};
use crate::contender::{ContenderName, Contenders};
use crate::machine::{Machine, first_line};
use crate::runner::{Cell, Grid};
use crate::sample::Sample;
use crate::standing::Standings;
use crate::trace::Calls;

const HEADINGS: [&str; 16] = [
    "workload",
    "contender",
    "ns/step",
    "MAD %",
    "mean",
    "sd %",
    "CPU ns/step",
    "peak kB",
    "end kB",
    "later kB",
    "thread kB",
    "faults",
    "time/mi3",
    "time/glibc",
    "peak/mi3",
    "peak/glibc",
];

const HEADER: &str = "workload,contender,round,steps,wall_ns,cpu_ns,ns_per_step,faults,peak_kb,end_kb,later_kb,\
                      per_thread_kb\n";

/// Prints the table, writes both files, and gives back their path without the extension.
pub(crate) fn publish(
    options: &Options,
    machine: &Machine,
    contenders: &Contenders,
    grid: &Grid,
    calls: &[(ContenderName, Calls)],
) -> io::Result<PathBuf> {
    let tables = comparison(grid) + &net_of_floor(grid) + &failures(grid) + &system_calls(calls);
    print!("{tables}");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&folder)?;
    let today = || first_line(Command::new("date").arg("+%F")).unwrap_or("undated".into());
    let name = options.name.clone().unwrap_or_else(today);
    let path = |extension| folder.join(format!("{name}.{extension}"));
    fs::write(path("csv"), runs(grid))?;
    fs::write(path("md"), heading(&name, options, machine, contenders) + &tables)?;
    Ok(folder.join(name))
}

/// One row a cell: medians, deviations, ratios of medians.
fn comparison(grid: &Grid) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
    rows.extend(grid.cells.iter().map(|cell| row(grid, cell)));
    table(&rows)
}

fn row(grid: &Grid, cell: &Cell) -> Vec<String> {
    let mut row = vec![cell.workload.to_string(), cell.contender.to_string()];
    if cell.failure.is_some() {
        row.push("FAILED".into());
        row.resize(HEADINGS.len(), String::new());
        return row;
    }
    let timed = cell.workload.is_timed();
    let peak = |sample: &Sample| sample.peak_kb as f64;
    let ratio = |name, number: fn(&Sample) -> f64| {
        let other = grid.cell(cell.workload, name)?;
        Some(cell.spread(number).median / other.spread(number).median)
    };
    let time = timed.then(|| cell.spread(Sample::ns_per_step));
    let cpu = timed.then(|| cell.spread(|sample| sample.cpu_ns as f64 / sample.steps as f64));
    row.extend([
        digits(2, time.map(|time| time.median)),
        digits(1, time.map(|time| time.mad_percent)),
        digits(2, time.map(|time| time.mean)),
        digits(1, time.map(|time| time.deviation_percent)),
        digits(2, cpu.map(|cpu| cpu.median)),
        digits(0, Some(cell.spread(peak).median)),
        digits(0, Some(cell.spread(|sample| sample.end_kb as f64).median)),
        digits(0, cell.later_kb()),
        digits(1, cell.per_thread_kb()),
        digits(0, Some(cell.spread(|sample| sample.faults as f64).median)),
        digits(2, ratio(Mimalloc3, Sample::ns_per_step).filter(|_| timed)),
        digits(2, ratio(Glibc, Sample::ns_per_step).filter(|_| timed)),
        digits(2, ratio(Mimalloc3, peak)),
        digits(2, ratio(Glibc, peak)),
    ]);
    row
}

fn digits(count: usize, number: Option<f64>) -> String {
    number.map_or("–".into(), |number| format!("{number:.count$}"))
}

/// What each takes beyond the floor, against mimalloc 3 and the best of all others; last the geometric mean.
fn net_of_floor(grid: &Grid) -> String {
    let standings = Standings::of(grid);
    if standings.is_empty() {
        return String::new();
    }
    let headings = ["net of the floor", "net ns/step", "of mimalloc3", "best rival", "of the best"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for standing in &standings.0 {
        rows.push(vec![
            standing.workload.to_string(),
            digits(2, Some(standing.net)),
            digits(2, standing.of_mimalloc),
            standing.best.to_string(),
            digits(2, Some(standing.of_best)),
        ]);
    }
    let means = [standings.mean_of_mimalloc(), standings.mean_of_best()].map(|mean| digits(2, mean));
    let [of_mimalloc, of_best] = means;
    rows.push(vec!["geometric mean".into(), "–".into(), of_mimalloc, "–".into(), of_best]);
    format!("\n{}", table(&rows))
}

fn failures(grid: &Grid) -> String {
    let failed = |cell: &Cell| Some((cell.contender, cell.workload, cell.failure.clone()?));
    let line = |(contender, workload, why)| format!("\nFAILED: {contender} {workload}: {why}\n");
    grid.cells.iter().filter_map(failed).map(line).collect()
}

fn system_calls(calls: &[(ContenderName, Calls)]) -> String {
    if calls.is_empty() {
        return String::new();
    }
    let headings = ["system calls of syscall", "whole process", "timed section"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for (name, calls) in calls {
        rows.push(vec![name.to_string(), calls.process.to_string(), calls.timed.to_string()]);
    }
    format!("\n{}", table(&rows))
}

/// Every measured run, one a line.
fn runs(grid: &Grid) -> String {
    let mut csv = String::from(HEADER);
    for cell in &grid.cells {
        for (round, sample) in (1..).zip(&cell.samples) {
            let Sample { steps, wall_ns, cpu_ns, faults, peak_kb, end_kb, .. } = sample;
            let ns_per_step = sample.ns_per_step();
            let later_kb = sample.later_kb.map(|kb| kb.to_string()).unwrap_or_default();
            let per_thread_kb = sample.per_thread_kb.map(|kb| format!("{kb:.2}")).unwrap_or_default();
            writeln!(
                csv,
                "{},{},{round},{steps},{wall_ns},{cpu_ns},{ns_per_step:.3},{faults},{peak_kb},{end_kb},\
                 {later_kb},{per_thread_kb}",
                cell.workload, cell.contender,
            )
            .expect("a String takes all");
        }
    }
    csv
}

fn heading(name: &str, options: &Options, machine: &Machine, contenders: &Contenders) -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut text = format!("# {name}\n\n");
    let command = format!("cargo bench-all {}", arguments.join(" "));
    text += &format!("* command: `{}`\n", command.trim_end());
    text += &format!("* runs: {} measured and 1 of warm-up, interleaved\n", options.rounds);
    for (name, value) in &machine.lines {
        text += &format!("* {name}: {value}\n");
    }
    for (name, value) in crate::runner::passed_variables() {
        text += &format!("* setting: `{name}={value}`\n");
    }
    for contender in &contenders.present {
        text += &format!("* {}: {}\n", contender.name, contender.version);
    }
    for (name, reason) in &contenders.skipped {
        text += &format!("* {name}: skipped: {reason}\n");
    }
    text += "\nns/step, CPU, peak, end and faults are medians. Peak is VmHWM of the whole process, \
             end is VmRSS after all was freed, later the same 2 s afterwards, thread what each of many threads \
             costs over its stack, faults are the minor ones of the timed section; \
             mi3 is mimalloc 3. The runs are in the CSV beside this file.\n\n";
    text
}

/// A Markdown table with aligned columns; the first row is the heading, the first two columns
/// of words stand left.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let is_word = |column: usize| column == 0 || rows[0][column] == "contender";
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            if is_word(column) {
                text += &format!("| {cell:<width$} ");
            } else {
                text += &format!("| {cell:>width$} ");
            }
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                text += &if is_word(column) { format!("|{dashes}-") } else { format!("|{dashes}:") };
            }
            text += "|\n";
        }
    }
    text
}
