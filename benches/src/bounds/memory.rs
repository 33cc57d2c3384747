//! The bounds on memory: of small programs, of threads, of one growing block, and given back.

use clap::ValueEnum;

use crate::bounds::run::{Absent, Run, Verdict, hold};
use crate::contender::ContenderName::{self, Glibc, Hakmem};
use crate::grid::Cell;
use crate::subject::Subject;
use crate::workload::Workload;

/// RSS of a program with 300 blocks beyond glibc's, at most.
const SMALL_KB: f64 = 100.0;
/// What a thread costs over its stack, at most, and beyond what it costs with glibc.
const THREAD_KB: f64 = 25.0;
const THREAD_BEYOND_GLIBC_KB: f64 = 5.0;
/// Peak of a block that doubles to 256 MiB, at most.
const DOUBLING_KB: f64 = 260.0 * 1024.0;
/// RSS 2 s after all was freed beyond that of a program that does nothing, at most.
const LATER_KB: f64 = 2.0 * 1024.0;
/// Page faults of a heap that grows and shrinks beside the best contender's, at most.
const FAULTS_RATIO: f64 = 1.1;

pub(super) fn verdicts(run: &Run<'_>) -> Vec<Verdict> {
    let mut verdicts = vec![small(run), threads(run), threads_beside_glibc(run), doubling(run), faults(run)];
    let read_later = Workload::value_variants().iter().filter(|workload| workload.is_read_later());
    verdicts.extend(read_later.map(|&workload| later(run, workload)));
    verdicts
}

/// A number that every sound run of the workload has.
fn number(
    run: &Run<'_>,
    workload: Workload,
    contender: ContenderName,
    number: fn(&Cell) -> Option<f64>,
) -> Result<f64, Absent> {
    let cell = run.cell(workload, contender)?;
    number(cell).ok_or_else(|| Absent::NotMeasured(format!("memory of {workload} under {contender}")))
}

fn small(run: &Run<'_>) -> Verdict {
    let end_kb = |contender| number(run, Workload::Small300, contender, Cell::end_kb);
    let more = end_kb(Hakmem)? - end_kb(Glibc)?;
    hold(more <= SMALL_KB, || format!("small300: RSS glibc + {more:.0} kB, at most + {SMALL_KB} kB"))
}

fn threads(run: &Run<'_>) -> Verdict {
    let each = number(run, Workload::ManyThreads, Hakmem, Cell::per_thread_kb)?;
    hold(each <= THREAD_KB, || format!("many_threads: {each:.1} KiB a thread, at most {THREAD_KB}"))
}

fn threads_beside_glibc(run: &Run<'_>) -> Verdict {
    let each = |contender| number(run, Workload::ManyThreads, contender, Cell::per_thread_kb);
    let more = each(Hakmem)? - each(Glibc)?;
    hold(more <= THREAD_BEYOND_GLIBC_KB, || {
        format!("many_threads: glibc + {more:.1} KiB a thread, at most + {THREAD_BEYOND_GLIBC_KB}")
    })
}

fn doubling(run: &Run<'_>) -> Verdict {
    let peak = run.cell(Workload::ReallocDouble, Hakmem)?.peak_kb();
    hold(peak <= DOUBLING_KB, || format!("realloc_double: peak {peak:.0} kB, at most {DOUBLING_KB:.0} kB"))
}

fn later(run: &Run<'_>, workload: Workload) -> Verdict {
    // Asked first, so that one which is not is not missed for lack of a base.
    if !run.asked(Subject::from(workload)) {
        return Err(Absent::NotAsked);
    }
    let base = number(run, Workload::Nothing, Hakmem, Cell::end_kb)?;
    let more = number(run, workload, Hakmem, Cell::later_kb)? - base;
    hold(more <= LATER_KB, || {
        format!("{workload}: RSS 2 s after all is freed {more:.0} kB above that of nothing, at most {LATER_KB:.0} kB")
    })
}

fn faults(run: &Run<'_>) -> Verdict {
    let faults = |cell: &Cell| cell.spread(|sample| sample.faults as f64).median;
    let ours = faults(run.cell(Workload::Phases, Hakmem)?);
    let (best, theirs) = run.best(Workload::Phases, faults)?;
    let best = best.contender;
    hold(ours <= FAULTS_RATIO * theirs, || {
        format!("phases: {ours:.0} page faults, at most {FAULTS_RATIO} × {theirs:.0} of {best}")
    })
}
