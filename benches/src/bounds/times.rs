//! The bounds on time: net of the floor's over the micro workloads, and of threads beside the best.

use clap::ValueEnum;

use crate::bounds::run::{Absent, Run, Verdict, hold};
use crate::contender::ContenderName::{Floor, Hakmem, Mimalloc3};
use crate::grid::Cell;
use crate::sample::Sample;
use crate::standing::Standings;
use crate::workload::Workload;

/// Geometric means of net time, at most.
const NET_OF_MIMALLOC: f64 = 0.80;
const NET_OF_BEST: f64 = 0.95;
/// Net time in any one workload beside the best contender in it, at most.
const NET_OF_BEST_IN_ONE: f64 = 1.10;

pub(super) fn verdicts(run: &Run<'_>) -> Vec<Verdict> {
    let standings = Standings::of(run.grid);
    let micro = Workload::value_variants().iter().filter(|workload| workload.is_micro());
    let mut verdicts: Vec<Verdict> = micro.map(|&workload| net_in_one(run, &standings, workload)).collect();
    verdicts.extend([
        net_of_mimalloc(run, &standings),
        net_of_best(&standings),
        no_slower_than_best(run, Workload::Larson4),
        no_slower_than_best(run, Workload::ReallocDouble),
        larson8(run),
    ]);
    verdicts
}

fn net_in_one(run: &Run<'_>, standings: &Standings, workload: Workload) -> Verdict {
    run.cell(workload, Hakmem)?;
    run.cell(workload, Floor)?;
    let standing = standings.0.iter().find(|standing| standing.workload == workload).ok_or(Absent::NotAsked)?;
    let (ratio, best) = (standing.of_best, standing.best);
    hold(ratio <= NET_OF_BEST_IN_ONE, || {
        format!("{workload}: net time {ratio:.2} × {best}, at most {NET_OF_BEST_IN_ONE} × the best contender")
    })
}

fn net_of_mimalloc(run: &Run<'_>, standings: &Standings) -> Verdict {
    for standing in &standings.0 {
        run.cell(standing.workload, Mimalloc3)?;
    }
    let mean = standings.mean_of_mimalloc().ok_or(Absent::NotAsked)?;
    hold(mean <= NET_OF_MIMALLOC, || {
        format!("micro workloads: net time {mean:.2} × mimalloc3 (geometric mean), at most {NET_OF_MIMALLOC}")
    })
}

fn net_of_best(standings: &Standings) -> Verdict {
    let mean = standings.mean_of_best().ok_or(Absent::NotAsked)?;
    hold(mean <= NET_OF_BEST, || {
        format!(
            "micro workloads: net time {mean:.2} × the best contender in each (geometric mean), at most {NET_OF_BEST}"
        )
    })
}

fn no_slower_than_best(run: &Run<'_>, workload: Workload) -> Verdict {
    let ours = run.cell(workload, Hakmem)?.time();
    let (best, theirs) = run.best(workload, Cell::time)?;
    let (ratio, best) = (ours / theirs, best.contender);
    hold(ratio <= 1.0, || format!("{workload}: time {ratio:.3} × {best}, at most 1 × the best contender"))
}

/// Eight threads share the cores of four: a step takes no longer, within the deviation of either.
fn larson8(run: &Run<'_>) -> Verdict {
    let (eight, four) = (run.cell(Workload::Larson8, Hakmem)?, run.cell(Workload::Larson4, Hakmem)?);
    let noise = [eight, four].map(|cell| cell.spread(Sample::ns_per_step).mad_percent / 100.0);
    let (ratio, most) = (eight.time() / four.time(), 1.0 + noise[0].max(noise[1]));
    hold(ratio <= most, || format!("larson8: time {ratio:.3} × larson4, at most {most:.3} (1 and noise)"))
}
