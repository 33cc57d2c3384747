use super::missed;
use crate::contender::ContenderName::{self, Glibc, Hakmem, Mimalloc3};
use crate::runner::{Cell, Grid};
use crate::sample::Sample;
use crate::workload::Workload;

/// A grid of one workload: time in ns and peak in kB of hakmem, mimalloc 3 and glibc.
fn grid(workload: Workload, numbers: [(u64, u64); 3]) -> Grid {
    let cell = |(contender, (wall_ns, peak_kb)): (ContenderName, _)| Cell {
        workload,
        contender,
        samples: vec![Sample { steps: 1, wall_ns, peak_kb, ..Sample::default() }],
        failure: None,
        took_long: false,
    };
    Grid { cells: [Hakmem, Mimalloc3, Glibc].into_iter().zip(numbers).map(cell).collect() }
}

#[test]
fn bounds_just_kept() {
    let grid = grid(Workload::Fixed, [(125, 1_300), (100, 1_301), (90, 1_000)]);
    assert_eq!(missed(&[Workload::Fixed], &grid), [""; 0]);
}

#[test]
fn each_bound_missed_is_named() {
    let grid = grid(Workload::Fixed, [(126, 1_301), (100, 1_301), (90, 1_000)]);
    let expected = [
        "fixed: time 1.26 × mimalloc3, at most 1.25",
        "fixed: peak 1301 kB, less than mimalloc3's 1301 kB wanted",
        "fixed: peak 1.30 × glibc, at most 1.3",
    ];
    assert_eq!(missed(&[Workload::Fixed], &grid), expected);
}

#[test]
fn a_program_that_does_nothing() {
    let within = grid(Workload::Nothing, [(1, 2_300), (1, 2_000), (1, 2_000)]);
    assert_eq!(missed(&[Workload::Nothing], &within), [""; 0]);
    let beyond = grid(Workload::Nothing, [(1, 2_301), (1, 2_000), (1, 2_000)]);
    assert_eq!(missed(&[Workload::Nothing], &beyond), ["nothing: peak glibc + 301 kB, at most + 300 kB"]);
}

#[test]
fn what_was_not_measured_is_missed_and_what_was_not_selected_is_not() {
    let empty = Grid { cells: Vec::new() };
    assert_eq!(missed(&[Workload::Mid, Workload::Nothing], &empty).len(), 2);
    assert_eq!(missed(&[Workload::Larson8], &empty), [""; 0]);
}
