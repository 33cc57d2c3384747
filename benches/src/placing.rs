//! How each contender places among the real programs: geometric means of what it takes beside glibc and beside the
//! best of all others.

use crate::contender::ContenderName::{self, Floor, Glibc};
use crate::grid::{Cell, Grid};
use crate::sample::Sample;
use crate::statistics::geometric_mean;
use crate::subject::Subject;

/// A contender in one program.
pub(crate) struct Place {
    pub(crate) wall_of_glibc: Option<f64>,
    pub(crate) peak_of_glibc: Option<f64>,
    /// Wall time as a part of the fastest other's.
    pub(crate) wall_of_best: Option<f64>,
    /// Peak memory as a part of the leanest other's.
    pub(crate) peak_of_best: Option<f64>,
    /// Median absolute deviation of the wall time, its own or the fastest other's, whichever is more; a part of it.
    pub(crate) noise: f64,
}

/// A contender in every program that it was measured with.
pub(crate) struct Placing {
    pub(crate) contender: ContenderName,
    pub(crate) places: Vec<Place>,
}

impl Placing {
    /// Of each contender.
    pub(crate) fn all(grid: &Grid) -> Vec<Self> {
        let placings = grid.contenders().into_iter().map(|contender| Self::of(grid, contender));
        placings.filter(|placing| !placing.places.is_empty()).collect()
    }

    /// Of one.
    pub(crate) fn of(grid: &Grid, contender: ContenderName) -> Self {
        let programs = grid.subjects().into_iter().filter(|subject| matches!(subject, Subject::Program(_)));
        Self { contender, places: programs.filter_map(|subject| place(grid, subject, contender)).collect() }
    }

    /// Geometric mean of one of the ratios.
    pub(crate) fn mean(&self, ratio: impl Fn(&Place) -> Option<f64>) -> Option<f64> {
        geometric_mean(self.places.iter().filter_map(ratio))
    }

    /// How much of the mean wall time is noise.
    pub(crate) fn mean_noise(&self) -> f64 {
        let noise: f64 = self.places.iter().map(|place| place.noise).sum();
        noise / self.places.len().max(1) as f64
    }
}

fn place(grid: &Grid, subject: Subject, contender: ContenderName) -> Option<Place> {
    let own = grid.cell(subject, contender)?;
    let glibc = grid.cell(subject, Glibc);
    let others = || grid.row(subject).filter(|cell| cell.contender != contender && cell.contender != Floor);
    let fastest = others().min_by(|a, b| a.time().total_cmp(&b.time()));
    let leanest = others().min_by(|a, b| a.peak_kb().total_cmp(&b.peak_kb()));
    let deviation = |cell: &Cell| cell.spread(Sample::ns_per_step).mad_percent / 100.0;
    Some(Place {
        wall_of_glibc: glibc.map(|cell| own.time() / cell.time()),
        peak_of_glibc: glibc.map(|cell| own.peak_kb() / cell.peak_kb()),
        wall_of_best: fastest.map(|cell| own.time() / cell.time()),
        peak_of_best: leanest.map(|cell| own.peak_kb() / cell.peak_kb()),
        noise: fastest.map_or(0.0, deviation).max(deviation(own)),
    })
}
