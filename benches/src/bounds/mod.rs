//! What `--check` holds hakmem to: figures of the run beside those of other contenders.
//!
//! A bound is checked where its workloads, programs and contenders were asked for; one of them that was asked for
//! and not measured misses it.

mod calls;
mod memory;
mod programs;
mod ratios;
#[cfg(test)]
mod tests;
mod times;

use crate::contender::ContenderName;
use crate::grid::{Cell, Grid};
use crate::instructions::Instructions;
use crate::options::Options;
use crate::subject::Subject;
use crate::trace::Calls;

/// All that was measured, and what was asked for.
pub(crate) struct Run<'run> {
    pub(crate) options: &'run Options,
    pub(crate) grid: &'run Grid,
    pub(crate) calls: &'run [(ContenderName, Calls)],
    pub(crate) instructions: &'run Instructions,
}

/// Why a bound has no figure.
#[derive(PartialEq, Eq, Debug)]
enum Absent {
    /// It was not asked for: the bound is not checked.
    NotAsked,
    /// It was, and this is missing.
    NotMeasured(String),
}

/// A bound's words where it is missed.
type Verdict = Result<Option<String>, Absent>;

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

/// The words if the bound does not hold; what is no number holds nothing.
fn hold(holds: bool, words: impl FnOnce() -> String) -> Verdict {
    Ok((!holds).then(words))
}

impl Run<'_> {
    fn asked(&self, subject: Subject) -> bool {
        self.options.selection().contains(&subject)
    }

    /// The runs of a contender.
    fn cell(&self, subject: impl Into<Subject>, contender: ContenderName) -> Result<&Cell, Absent> {
        let subject = subject.into();
        let left_out = |(what, who, _): &(Subject, Option<ContenderName>, String)| {
            *what == subject && who.is_none_or(|who| who == contender)
        };
        if !self.asked(subject) || !self.options.includes(contender) || self.grid.left_out.iter().any(left_out) {
            return Err(Absent::NotAsked);
        }
        let cell = self.grid.cell(subject, contender);
        cell.ok_or_else(|| Absent::NotMeasured(format!("{subject} under {contender}")))
    }

    /// The rival with the least of a number.
    fn best(&self, subject: impl Into<Subject>, number: impl Fn(&Cell) -> f64) -> Result<(&Cell, f64), Absent> {
        let rivals = self.grid.row(subject).filter(|cell| cell.contender.is_rival());
        let numbers = rivals.map(|cell| (cell, number(cell)));
        numbers.min_by(|(_, a), (_, b)| a.total_cmp(b)).ok_or(Absent::NotAsked)
    }
}
