//! Who runs on beyond the rounds: while a time net of the floor's is not yet known, ours, the floor's and those of the
//! rivals that may still be the best in it.

use crate::contender::ContenderName::{Floor, Hakmem};
use crate::grid::Cell;
use crate::sample::Sample;
use crate::subject::Subject;
use crate::workload::Workload;

/// How well a net time is known in the end: its error as a part of it.
const KNOWN: f64 = 0.1;
/// A net time of less than this part of the floor's need not be known better than this part itself is.
const LEAST: f64 = 0.05;
/// Where time is compared as it is, not net: its error as a part of it.
const KNOWN_AS_IT_IS: f64 = 0.01;
/// The standard error of a median of n runs that spread normally is this × their MAD ÷ √n: 1.4826 × 1.2533.
const ERROR_OF_MAD: f64 = 1.858;

/// A median and its standard error.
#[derive(Clone, Copy)]
struct Time {
    median: f64,
    error: f64,
}

impl Time {
    fn of(cell: &Cell) -> Self {
        let spread = cell.spread(Sample::ns_per_step);
        let mad = spread.median * spread.mad_percent / 100.0;
        Self { median: spread.median, error: ERROR_OF_MAD * mad / (cell.samples.len() as f64).sqrt() }
    }

    /// Whether what is beyond the floor's is known.
    fn is_known_net(self, floor: Self) -> bool {
        let net = self.median - floor.median;
        self.error.hypot(floor.error) <= KNOWN * net.max(LEAST * floor.median)
    }

    /// Whether the median is known.
    fn is_known(self) -> bool {
        self.error <= KNOWN_AS_IT_IS * self.median
    }
}

/// Which of a workload's cells want further rounds: none once ours, and the best rival's, is known.
pub(crate) fn unsettled(subject: Subject, cells: &[&Cell]) -> Vec<usize> {
    let Subject::Workload(workload) = subject else { return Vec::new() };
    let net = workload.is_micro();
    if !net && !matches!(workload, Workload::Larson4 | Workload::Larson8) {
        return Vec::new();
    }
    let time =
        |name| cells.iter().find(|cell| cell.contender == name && !cell.samples.is_empty()).map(|&cell| Time::of(cell));
    let (Some(ours), Some(floor)) = (time(Hakmem), time(Floor)) else { return Vec::new() };
    let rivals = cells.iter().filter(|cell| cell.contender.is_rival() && !cell.samples.is_empty());
    let Some(best) = rivals.map(|cell| Time::of(cell)).min_by(|a, b| a.median.total_cmp(&b.median)) else {
        return Vec::new();
    };
    let is_known = |time: Time| if net { time.is_known_net(floor) } else { time.is_known() };
    if is_known(ours) && is_known(best) {
        return Vec::new();
    }
    let may_be_best = |cell: &Cell| {
        let time = Time::of(cell);
        time.median - 2.0 * time.error <= best.median + 2.0 * best.error
    };
    let wanted =
        |cell: &Cell| matches!(cell.contender, Hakmem | Floor) || cell.contender.is_rival() && may_be_best(cell);
    (0..cells.len()).filter(|&index| !cells[index].samples.is_empty() && wanted(cells[index])).collect()
}

#[cfg(test)]
mod tests {
    use super::unsettled;
    use crate::contender::ContenderName::{self, Floor, Glibc, Hakmem, Mimalloc3};
    use crate::grid::Cell;
    use crate::program::Program;
    use crate::sample::Sample;
    use crate::subject::Subject;
    use crate::workload::Workload::{Larson2, Larson4, Pair};

    fn cell(contender: ContenderName, times: &[u64]) -> Cell {
        let samples = times.iter().map(|&wall_ns| Sample { steps: 1, wall_ns, ..Sample::default() }).collect();
        Cell { subject: Pair.into(), contender, samples, failure: None, took_long: false }
    }

    fn indices(subject: impl Into<Subject>, cells: &[Cell]) -> Vec<usize> {
        unsettled(subject.into(), &cells.iter().collect::<Vec<_>>())
    }

    #[test]
    fn steady_times_are_settled_and_unsteady_ones_run_on() {
        let steady =
            [cell(Glibc, &[900; 5]), cell(Hakmem, &[110; 5]), cell(Floor, &[100; 5]), cell(Mimalloc3, &[120; 5])];
        assert_eq!(indices(Pair, &steady), []);
        let [glibc, _, floor, mimalloc] = steady;
        let wide = [glibc, cell(Hakmem, &[90, 100, 110, 120, 130]), floor, mimalloc];
        assert_eq!(indices(Pair, &wide), [1, 2, 3], "glibc is out of the running");
        assert_eq!(indices(Larson4, &wide), [1, 2, 3]);
        assert_eq!(indices(Larson2, &wide), [], "no bound is on its time");
        assert_eq!(indices(Program::Lua, &wide), []);
    }

    #[test]
    fn who_failed_or_is_missing_does_not_run_on() {
        let wide = [90, 100, 110, 120, 130];
        assert_eq!(indices(Pair, &[cell(Hakmem, &wide), cell(Glibc, &wide)]), [], "without the floor");
        assert_eq!(indices(Pair, &[cell(Hakmem, &wide), cell(Floor, &wide)]), [], "without a rival");
        let failed = [cell(Hakmem, &wide), cell(Floor, &wide), cell(Mimalloc3, &[]), cell(Glibc, &wide)];
        assert_eq!(indices(Pair, &failed), [0, 1, 3]);
    }
}
