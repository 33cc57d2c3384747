//! The tables on stdout, the runs as CSV, and the Markdown beside it with all that is needed to repeat them.

mod comparison;
mod instructions;
mod runs;
mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::passed_variables;
use crate::contender::{ContenderName, Contenders};
use crate::grid::{Cell, Grid};
use crate::instructions::Instructions;
use crate::machine::Machine;
use crate::options::Options;
use crate::plot;
use crate::report::table::{table, words};
use crate::subject::Subject;
use crate::tool::first_line;
use crate::trace::Calls;
use crate::workload::peak_kb;

/// Prints the tables, writes both files, and gives back their path without the extension.
pub(crate) fn publish(
    options: &Options,
    machine: &Machine,
    contenders: &Contenders,
    grid: &Grid,
    calls: &[(ContenderName, Calls)],
    instructions: &Instructions,
) -> io::Result<PathBuf> {
    let tables = comparison::workloads(grid)
        + &comparison::net_of_floor(grid)
        + &comparison::programs(grid)
        + &comparison::means_of_programs(grid)
        + &failures(grid)
        + &system_calls(calls)
        + &instructions::instructions(instructions);
    print!("{tables}");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&folder)?;
    let today = || first_line(Command::new("date").arg("+%F")).unwrap_or("undated".into());
    let name = options.name.clone().unwrap_or_else(today);
    let path = |extension| folder.join(format!("{name}.{extension}"));
    fs::write(path("csv"), runs::csv(grid))?;
    fs::write(path("md"), heading(&name, options, machine, contenders, grid) + &tables)?;
    for picture in plot::pictures(grid, &subtitle(options, machine)).map_err(io::Error::other)? {
        fs::write(path(picture.extension), picture.svg)?;
    }
    Ok(folder.join(name))
}

/// What the figures of a picture come from.
fn subtitle(options: &Options, machine: &Machine) -> String {
    let wanted = ["processor", "cores", "date"];
    let lines = machine.lines.iter().filter(|(name, _)| wanted.contains(name));
    let mut words: Vec<String> =
        lines.map(|(name, value)| if *name == "cores" { format!("{value} cores") } else { value.clone() }).collect();
    words.push(format!("rounds: {}", options.rounds));
    words.join(" · ")
}

/// What took more than the rounds that were asked for, and how many at most.
fn settled(grid: &Grid, rounds: usize) -> impl Iterator<Item = (Subject, usize)> {
    let most = |subject| grid.row(subject).map(|cell| cell.samples.len()).max().unwrap_or_default();
    grid.subjects().into_iter().map(move |subject| (subject, most(subject))).filter(move |&(_, most)| most > rounds)
}

fn failures(grid: &Grid) -> String {
    let failed = |cell: &Cell| Some((cell.contender, cell.subject, cell.failure.clone()?));
    let line = |(contender, subject, why)| format!("\nFAILED: {contender} {subject}: {why}\n");
    grid.cells.iter().filter_map(failed).map(line).collect()
}

fn system_calls(calls: &[(ContenderName, Calls)]) -> String {
    if calls.is_empty() {
        return String::new();
    }
    let mut rows = vec![words(["system calls of syscall", "whole process", "timed section"])];
    for (name, calls) in calls {
        rows.push(vec![name.to_string(), calls.process.to_string(), calls.timed.to_string()]);
    }
    format!("\n{}", table(&rows))
}

fn heading(name: &str, options: &Options, machine: &Machine, contenders: &Contenders, grid: &Grid) -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut text = format!("# {name}\n\n");
    let command = format!("cargo bench-all {}", arguments.join(" "));
    text += &format!("* command: `{}`\n", command.trim_end());
    text += &format!("* runs: {} measured and 1 of warm-up, interleaved\n", options.rounds);
    for (subject, rounds) in settled(grid, options.rounds as usize) {
        text += &format!(
            "* runs of {subject}: up to {rounds}, until its net time was known or {} s over\n",
            options.settle
        );
    }
    for (name, value) in &machine.lines {
        text += &format!("* {name}: {value}\n");
    }
    for (name, value) in passed_variables() {
        text += &format!("* setting: `{name}={value}`\n");
    }
    for contender in &contenders.present {
        text += &format!("* {}: {}\n", contender.name, contender.version);
    }
    for (name, reason) in &contenders.skipped {
        text += &format!("* {name}: skipped: {reason}\n");
    }
    for (subject, contender, reason) in &grid.left_out {
        let who = contender.map(|name| format!(" under {name}")).unwrap_or_default();
        text += &format!("* {subject}{who}: left out: {reason}\n");
    }
    let subjects = grid.subjects();
    if subjects.iter().any(|subject| matches!(subject, Subject::Workload(_))) {
        text += "\nOf workloads, ns/step, CPU, peak, end and faults are medians. Peak is VmHWM of the whole process, \
                 end is VmRSS after all was freed, later the same 2 s afterwards, thread what each of many threads \
                 costs over its stack, faults are the minor ones of the timed section.\n";
    }
    if subjects.iter().any(|subject| matches!(subject, Subject::Program(_))) {
        text += &format!(
            "\nOf programs, all are medians over the whole process, its children included: wall time, user and \
             system time, minor faults, and the peak of the largest process (ru_maxrss; {} kB, our own, is the \
             least that can be read). Best is the best of all other contenders, the floor aside.\n",
            peak_kb()
        );
    }
    text += "\nmi3 is mimalloc 3. The runs are in the CSV beside this file.\n";
    let notes = subjects.into_iter().filter_map(|subject| match subject {
        Subject::Program(program) => Some(format!("* {program}: {}.\n", program.note()?)),
        Subject::Workload(_) => None,
    });
    let notes: String = notes.collect();
    if notes.is_empty() { text } else { text + "\n" + &notes }
}
