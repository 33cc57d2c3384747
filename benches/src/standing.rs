//! Where hakmem stands among its rivals: time beyond the floor's, which is what an allocator adds to a workload.

use crate::contender::ContenderName::{self, Floor, Hakmem, Mimalloc3};
use crate::runner::Grid;
use crate::sample::Sample;
use crate::statistics::geometric_mean;
use crate::workload::Workload;

/// Least time beyond the floor's that counts, as a part of the floor's: below it noise divides noise.
const LEAST_NET: f64 = 0.02;

/// Hakmem in one workload.
pub(crate) struct Standing {
    pub(crate) workload: Workload,
    /// ns a step beyond the floor's.
    pub(crate) net: f64,
    /// The same as a part of mimalloc 3's.
    pub(crate) of_mimalloc: Option<f64>,
    /// Who of the others is fastest.
    pub(crate) best: ContenderName,
    /// Net time as a part of that one's.
    pub(crate) of_best: f64,
}

/// Hakmem in each micro workload that was measured for it, the floor and a rival.
pub(crate) struct Standings(pub(crate) Vec<Standing>);

impl Standings {
    pub(crate) fn of(grid: &Grid) -> Self {
        let mut workloads: Vec<Workload> = grid.cells.iter().map(|cell| cell.workload).collect();
        workloads.dedup();
        workloads.retain(|workload| workload.is_micro());
        Self(workloads.into_iter().filter_map(|workload| standing(grid, workload)).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn mean_of_mimalloc(&self) -> Option<f64> {
        geometric_mean(self.0.iter().filter_map(|standing| standing.of_mimalloc))
    }

    pub(crate) fn mean_of_best(&self) -> Option<f64> {
        geometric_mean(self.0.iter().map(|standing| standing.of_best))
    }
}

fn standing(grid: &Grid, workload: Workload) -> Option<Standing> {
    let time = |contender| Some(grid.cell(workload, contender)?.spread(Sample::ns_per_step).median);
    let floor = time(Floor)?;
    let net = |time: f64| (time - floor).max(LEAST_NET * floor);
    let ours = net(time(Hakmem)?);
    let rivals = grid.cells.iter().filter(|cell| cell.workload == workload && cell.contender.is_rival());
    let (best, best_time) = rivals
        .filter_map(|cell| Some((cell.contender, time(cell.contender)?)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(Standing {
        workload,
        net: ours,
        of_mimalloc: time(Mimalloc3).map(|time| ours / net(time)),
        best,
        of_best: ours / net(best_time),
    })
}
