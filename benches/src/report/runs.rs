//! Every measured run as a line of CSV.

use std::fmt::Write as _;

use crate::grid::Grid;
use crate::sample::Sample;

const HEADER: &str = "workload,contender,round,steps,wall_ns,cpu_ns,ns_per_step,faults,peak_kb,end_kb,later_kb,\
                      per_thread_kb\n";

/// A program's run has one step.
pub(super) fn csv(grid: &Grid) -> String {
    let mut csv = String::from(HEADER);
    for cell in &grid.cells {
        for (round, sample) in (1..).zip(&cell.samples) {
            let Sample { steps, wall_ns, cpu_ns, faults, peak_kb, .. } = sample;
            let ns_per_step = sample.ns_per_step();
            let [end_kb, later_kb] =
                [sample.end_kb, sample.later_kb].map(|kb| kb.map_or(String::new(), |kb| kb.to_string()));
            let per_thread_kb = sample.per_thread_kb.map(|kb| format!("{kb:.2}")).unwrap_or_default();
            writeln!(
                csv,
                "{},{},{round},{steps},{wall_ns},{cpu_ns},{ns_per_step:.3},{faults},{peak_kb},{end_kb},\
                 {later_kb},{per_thread_kb}",
                cell.subject, cell.contender,
            )
            .expect("a String takes all");
        }
    }
    csv
}
