//! The tables of medians: one row a cell, workloads and programs apart.

use crate::contender::ContenderName::{self, Glibc, Mimalloc3};
use crate::grid::{Cell, Grid};
use crate::placing::Placing;
use crate::report::table::{digits, table, words};
use crate::sample::Sample;
use crate::standing::Standings;
use crate::subject::Subject;

const WORKLOADS: [&str; 16] = [
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

const PROGRAMS: [&str; 13] = [
    "program",
    "contender",
    "wall ms",
    "MAD %",
    "mean",
    "sd %",
    "CPU ms",
    "peak kB",
    "faults",
    "time/mi3",
    "time/glibc",
    "peak/mi3",
    "peak/glibc",
];

const NS_PER_MS: f64 = 1e6;

/// Medians, deviations and ratios of medians of the workloads.
pub(super) fn workloads(grid: &Grid) -> String {
    let row = |cell: &Cell| {
        let timed = |number: f64| cell.subject.is_timed().then_some(number);
        let time = cell.spread(Sample::ns_per_step);
        let cpu = cell.spread(|sample| sample.cpu_ns as f64 / sample.steps.max(1) as f64).median;
        vec![
            digits(2, timed(time.median)),
            digits(1, timed(time.mad_percent)),
            digits(2, timed(time.mean)),
            digits(1, timed(time.deviation_percent)),
            digits(2, timed(cpu)),
            digits(0, Some(cell.peak_kb())),
            digits(0, cell.end_kb()),
            digits(0, cell.later_kb()),
            digits(1, cell.per_thread_kb()),
            digits(0, Some(cell.spread(|sample| sample.faults as f64).median)),
            digits(2, ratio(grid, cell, Mimalloc3, Cell::time).and_then(timed)),
            digits(2, ratio(grid, cell, Glibc, Cell::time).and_then(timed)),
            digits(2, ratio(grid, cell, Mimalloc3, Cell::peak_kb)),
            digits(2, ratio(grid, cell, Glibc, Cell::peak_kb)),
        ]
    };
    let cells = grid.cells.iter().filter(|cell| matches!(cell.subject, Subject::Workload(_)));
    of_cells(words(WORKLOADS), cells, row)
}

/// The same of the programs.
pub(super) fn programs(grid: &Grid) -> String {
    let row = |cell: &Cell| {
        let wall = cell.spread(|sample| sample.wall_ns as f64 / NS_PER_MS);
        vec![
            digits(1, Some(wall.median)),
            digits(1, Some(wall.mad_percent)),
            digits(1, Some(wall.mean)),
            digits(1, Some(wall.deviation_percent)),
            digits(1, Some(cell.spread(|sample| sample.cpu_ns as f64 / NS_PER_MS).median)),
            digits(0, Some(cell.peak_kb())),
            digits(0, Some(cell.spread(|sample| sample.faults as f64).median)),
            digits(3, ratio(grid, cell, Mimalloc3, Cell::time)),
            digits(3, ratio(grid, cell, Glibc, Cell::time)),
            digits(2, ratio(grid, cell, Mimalloc3, Cell::peak_kb)),
            digits(2, ratio(grid, cell, Glibc, Cell::peak_kb)),
        ]
    };
    let cells = grid.cells.iter().filter(|cell| matches!(cell.subject, Subject::Program(_)));
    of_cells(words(PROGRAMS), cells, row)
}

/// Nothing where there are no cells.
fn of_cells<'grid>(
    headings: Vec<String>,
    cells: impl Iterator<Item = &'grid Cell>,
    numbers: impl Fn(&Cell) -> Vec<String>,
) -> String {
    let columns = headings.len();
    let mut rows = vec![headings];
    for cell in cells {
        let mut row = vec![cell.subject.to_string(), cell.contender.to_string()];
        if cell.failure.is_some() {
            row.push("FAILED".into());
            row.resize(columns, String::new());
        } else {
            row.extend(numbers(cell));
        }
        rows.push(row);
    }
    if rows.len() == 1 { String::new() } else { format!("\n{}", table(&rows)) }
}

fn ratio(grid: &Grid, cell: &Cell, other: ContenderName, number: fn(&Cell) -> f64) -> Option<f64> {
    Some(number(cell) / number(grid.cell(cell.subject, other)?))
}

/// What each takes beyond the floor, against mimalloc 3 and the best of all others; last the geometric mean.
pub(super) fn net_of_floor(grid: &Grid) -> String {
    let standings = Standings::of(grid);
    if standings.is_empty() {
        return String::new();
    }
    let mut rows = vec![words(["net of the floor", "net ns/step", "of mimalloc3", "best rival", "of the best"])];
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

/// Geometric means over the programs, each contender beside glibc and beside the best of the others in each.
pub(super) fn means_of_programs(grid: &Grid) -> String {
    let placings = Placing::all(grid);
    if placings.is_empty() {
        return String::new();
    }
    let headings = ["mean of programs", "programs", "wall/glibc", "wall/best", "noise %", "peak/glibc", "peak/best"];
    let mut rows = vec![words(headings)];
    for placing in placings {
        rows.push(vec![
            placing.contender.to_string(),
            placing.places.len().to_string(),
            digits(3, placing.mean(|place| place.wall_of_glibc)),
            digits(3, placing.mean(|place| place.wall_of_best)),
            digits(1, Some(100.0 * placing.mean_noise())),
            digits(3, placing.mean(|place| place.peak_of_glibc)),
            digits(3, placing.mean(|place| place.peak_of_best)),
        ]);
    }
    format!("\n{}", table(&rows))
}
