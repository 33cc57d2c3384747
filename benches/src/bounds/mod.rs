//! What `--check` holds hakmem to: ratios of medians against mimalloc 3 and glibc.

#[cfg(test)]
mod tests;

use crate::contender::ContenderName::{self, Glibc, Hakmem, Mimalloc3};
use crate::runner::Grid;
use crate::sample::Sample;
use crate::workload::Workload;

const BOUND: [Workload; 6] =
    [Workload::RandomMixed, Workload::Fixed, Workload::Larson1, Workload::Larson4, Workload::Mid, Workload::Remote];

/// Time of hakmem over that of mimalloc 3, at most.
const TIME_RATIO: f64 = 1.25;
/// Peak memory of hakmem over that of glibc, at most.
const PEAK_RATIO: f64 = 1.3;
/// Peak memory of a program that does nothing, over that of glibc, at most.
const NOTHING_KB: f64 = 300.0;

/// Each bound missed among the selected workloads, in words; one not measured is missed.
pub(crate) fn missed(selection: &[Workload], grid: &Grid) -> Vec<String> {
    let selected = |workload: &&Workload| selection.contains(workload);
    let mut missed: Vec<String> =
        BOUND.iter().filter(selected).flat_map(|&workload| missed_by_workload(workload, grid)).collect();
    if selection.contains(&Workload::Nothing) {
        missed.extend(missed_by_nothing(grid));
    }
    missed
}

fn missed_by_workload(workload: Workload, grid: &Grid) -> Vec<String> {
    let [Some(ours), Some(mimalloc), Some(glibc)] =
        [Hakmem, Mimalloc3, Glibc].map(|name| medians(grid, workload, name))
    else {
        return vec![format!("{workload}: not measured for hakmem, mimalloc3 and glibc alike")];
    };
    let mut missed = Vec::new();
    if ours.time > TIME_RATIO * mimalloc.time {
        let ratio = ours.time / mimalloc.time;
        missed.push(format!("{workload}: time {ratio:.2} × mimalloc3, at most {TIME_RATIO}"));
    }
    if ours.peak_kb >= mimalloc.peak_kb {
        missed.push(format!(
            "{workload}: peak {:.0} kB, less than mimalloc3's {:.0} kB wanted",
            ours.peak_kb, mimalloc.peak_kb
        ));
    }
    if ours.peak_kb > PEAK_RATIO * glibc.peak_kb {
        let ratio = ours.peak_kb / glibc.peak_kb;
        missed.push(format!("{workload}: peak {ratio:.2} × glibc, at most {PEAK_RATIO}"));
    }
    missed
}

fn missed_by_nothing(grid: &Grid) -> Option<String> {
    let [Some(ours), Some(glibc)] = [Hakmem, Glibc].map(|name| medians(grid, Workload::Nothing, name)) else {
        return Some("nothing: not measured for hakmem and glibc alike".into());
    };
    let more_kb = ours.peak_kb - glibc.peak_kb;
    (more_kb > NOTHING_KB).then(|| format!("nothing: peak glibc + {more_kb:.0} kB, at most + {NOTHING_KB} kB"))
}

struct Medians {
    time: f64,
    peak_kb: f64,
}

fn medians(grid: &Grid, workload: Workload, contender: ContenderName) -> Option<Medians> {
    let cell = grid.cell(workload, contender)?;
    Some(Medians {
        time: cell.spread(Sample::ns_per_step).median,
        peak_kb: cell.spread(|sample| sample.peak_kb as f64).median,
    })
}
