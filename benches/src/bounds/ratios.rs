//! The bounds of a few workloads one by one: time beside mimalloc 3's, peak memory beside both.

use crate::bounds::run::{Run, Verdict, hold};
use crate::contender::ContenderName::{Glibc, Hakmem, Mimalloc3};
use crate::workload::Workload;

const WORKLOADS: [Workload; 6] =
    [Workload::RandomMixed, Workload::Fixed, Workload::Larson1, Workload::Larson4, Workload::Mid, Workload::Remote];

/// Time of hakmem over that of mimalloc 3, at most.
const TIME_RATIO: f64 = 1.25;
/// Peak memory of hakmem over that of glibc, at most.
const PEAK_RATIO: f64 = 1.3;
/// Peak memory of a program that does nothing, over that of glibc, at most.
const NOTHING_KB: f64 = 300.0;

pub(super) fn verdicts(run: &Run<'_>) -> Vec<Verdict> {
    let mut verdicts = vec![nothing(run)];
    for workload in WORKLOADS {
        verdicts.extend([time(run, workload), peak_of_mimalloc(run, workload), peak_of_glibc(run, workload)]);
    }
    verdicts
}

fn time(run: &Run<'_>, workload: Workload) -> Verdict {
    let ratio = run.cell(workload, Hakmem)?.time() / run.cell(workload, Mimalloc3)?.time();
    hold(ratio <= TIME_RATIO, || format!("{workload}: time {ratio:.2} × mimalloc3, at most {TIME_RATIO}"))
}

fn peak_of_mimalloc(run: &Run<'_>, workload: Workload) -> Verdict {
    let (ours, theirs) = (run.cell(workload, Hakmem)?.peak_kb(), run.cell(workload, Mimalloc3)?.peak_kb());
    hold(ours < theirs, || format!("{workload}: peak {ours:.0} kB, less than mimalloc3's {theirs:.0} kB wanted"))
}

fn peak_of_glibc(run: &Run<'_>, workload: Workload) -> Verdict {
    let ratio = run.cell(workload, Hakmem)?.peak_kb() / run.cell(workload, Glibc)?.peak_kb();
    hold(ratio <= PEAK_RATIO, || format!("{workload}: peak {ratio:.2} × glibc, at most {PEAK_RATIO}"))
}

fn nothing(run: &Run<'_>) -> Verdict {
    let more = run.cell(Workload::Nothing, Hakmem)?.peak_kb() - run.cell(Workload::Nothing, Glibc)?.peak_kb();
    hold(more <= NOTHING_KB, || format!("nothing: peak glibc + {more:.0} kB, at most + {NOTHING_KB} kB"))
}
