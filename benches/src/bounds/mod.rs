//! What `--check` holds hakmem to: figures of the run beside those of other contenders.
//!
//! A bound is checked where its workloads, programs and contenders were asked for; one of them that was asked for
//! and not measured misses it.

mod calls;
mod memory;
mod programs;
mod ratios;
mod run;
#[cfg(test)]
mod tests;
mod times;

use run::{Absent, Verdict};

pub(crate) use run::Run;

/// Each bound missed, in words.
pub(crate) fn missed(run: &Run<'_>) -> Vec<String> {
    let all = [ratios::verdicts, times::verdicts, memory::verdicts, programs::verdicts, calls::verdicts];
    let mut missed: Vec<String> = all.into_iter().flat_map(|verdicts| verdicts(run)).filter_map(words).collect();
    // Two bounds on one figure say once that it is missing.
    let mut said = Vec::new();
    missed.retain(|words| {
        let fresh = !said.contains(words);
        said.push(words.clone());
        fresh
    });
    missed
}

fn words(verdict: Verdict) -> Option<String> {
    match verdict {
        Ok(missed) => missed,
        Err(Absent::NotAsked) => None,
        Err(Absent::NotMeasured(what)) => Some(format!("{what}: not measured")),
    }
}
