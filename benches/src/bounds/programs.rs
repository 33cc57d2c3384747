//! The bounds on real programs: wall time beside the best contender's, peak memory beside glibc's.

use clap::ValueEnum;

use crate::bounds::run::{Absent, Run, Verdict, hold};
use crate::contender::ContenderName::{Glibc, Hakmem};
use crate::placing::Placing;
use crate::program::Program;

/// Geometric mean of wall time beside the best contender in each program, at most, noise aside.
const WALL_OF_BEST: f64 = 1.0;
/// Peak memory beside glibc's, at most: geometric mean, and in any one program.
const PEAK_OF_GLIBC: f64 = 1.0;
const PEAK_OF_GLIBC_IN_ONE: f64 = 1.1;

pub(super) fn verdicts(run: &Run<'_>) -> Vec<Verdict> {
    let placing = Placing::of(run.grid, Hakmem);
    let mut verdicts: Vec<Verdict> =
        Program::value_variants().iter().map(|&program| peak_in_one(run, program)).collect();
    verdicts.extend([wall(&placing), peak(&placing)]);
    verdicts
}

fn peak_in_one(run: &Run<'_>, program: Program) -> Verdict {
    let ratio = run.cell(program, Hakmem)?.peak_kb() / run.cell(program, Glibc)?.peak_kb();
    hold(ratio <= PEAK_OF_GLIBC_IN_ONE, || {
        format!("{program}: peak {ratio:.3} × glibc, at most {PEAK_OF_GLIBC_IN_ONE}")
    })
}

fn wall(placing: &Placing) -> Verdict {
    let mean = placing.mean(|place| place.wall_of_best).ok_or(Absent::NotAsked)?;
    let most = WALL_OF_BEST + placing.mean_noise();
    hold(mean <= most, || {
        format!(
            "programs: wall time {mean:.3} × the best contender in each (geometric mean), \
             at most {most:.3} ({WALL_OF_BEST} and noise)"
        )
    })
}

fn peak(placing: &Placing) -> Verdict {
    let mean = placing.mean(|place| place.peak_of_glibc).ok_or(Absent::NotAsked)?;
    hold(mean <= PEAK_OF_GLIBC, || {
        format!("programs: peak {mean:.3} × glibc (geometric mean), at most {PEAK_OF_GLIBC}")
    })
}
