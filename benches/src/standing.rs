//! Where hakmem stands among its rivals: time beyond the floor's, which is what an allocator adds to a workload.

use crate::contender::ContenderName::{self, Floor, Hakmem, Mimalloc3};
use crate::grid::{Cell, Grid};
use crate::statistics::geometric_mean;
use crate::subject::Subject;
use crate::workload::Workload;

/// The least beyond the floor's that counts, as a part of the floor's: below it noise divides noise.
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
        let workloads = grid.subjects().into_iter().filter_map(|subject| match subject {
            Subject::Workload(workload) if workload.is_micro() => Some(workload),
            _ => None,
        });
        Self(workloads.filter_map(|workload| standing(grid, workload)).collect())
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

/// What is beyond the floor's.
pub(crate) fn net_of(number: f64, floor: f64) -> f64 {
    (number - floor).max(LEAST_NET * floor)
}

fn standing(grid: &Grid, workload: Workload) -> Option<Standing> {
    let time = |contender| grid.cell(workload, contender).map(Cell::time);
    let floor = time(Floor)?;
    let net = |time: f64| net_of(time, floor);
    let ours = net(time(Hakmem)?);
    let rivals = grid.row(workload).filter(|cell| cell.contender.is_rival());
    let (best, best_time) = rivals.map(|cell| (cell.contender, cell.time())).min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(Standing {
        workload,
        net: ours,
        of_mimalloc: time(Mimalloc3).map(|time| ours / net(time)),
        best,
        of_best: ours / net(best_time),
    })
}
