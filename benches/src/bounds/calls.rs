//! The bounds on what is counted exactly: system calls, and instructions.

use crate::bounds::run::{Absent, Run, Verdict, hold};
use crate::contender::ContenderName::{self, Floor, Glibc, Hakmem, Mimalloc3};
use crate::trace::Calls;
use crate::workload::Workload;

/// Instructions a step of random_mixed, net of the floor's, beside mimalloc 3's, at most.
const INSTRUCTIONS_OF_MIMALLOC: f64 = 0.80;

pub(super) fn verdicts(run: &Run<'_>) -> Vec<Verdict> {
    vec![timed_calls(run), all_calls(run), instructions(run)]
}

fn calls(run: &Run<'_>, contender: ContenderName) -> Result<Calls, Absent> {
    run.cell(Workload::Syscall, contender)?;
    let counted = run.calls.iter().find(|(name, _)| *name == contender).map(|(_, calls)| *calls);
    counted.ok_or_else(|| Absent::NotMeasured(format!("system calls under {contender}")))
}

fn timed_calls(run: &Run<'_>) -> Verdict {
    let timed = calls(run, Hakmem)?.timed;
    hold(timed == 0, || format!("syscall: {timed} system calls in the timed section, none wanted"))
}

fn all_calls(run: &Run<'_>) -> Verdict {
    let (ours, theirs) = (calls(run, Hakmem)?.process, calls(run, Glibc)?.process);
    hold(ours <= theirs, || format!("syscall: {ours} system calls in all, at most glibc's {theirs}"))
}

fn instructions(run: &Run<'_>) -> Verdict {
    if !run.options.instructions {
        return Err(Absent::NotAsked);
    }
    for contender in [Hakmem, Floor, Mimalloc3] {
        run.cell(Workload::RandomMixed, contender)?;
    }
    let row = run.instructions.rows.iter().find(|row| row.workload == Workload::RandomMixed);
    let missing = || Absent::NotMeasured("instructions of random_mixed".into());
    let ratio = row.and_then(|row| row.of_mimalloc()).ok_or_else(missing)?;
    hold(ratio <= INSTRUCTIONS_OF_MIMALLOC, || {
        format!(
            "random_mixed: instructions net of the floor {ratio:.2} × mimalloc3, at most {INSTRUCTIONS_OF_MIMALLOC}"
        )
    })
}
