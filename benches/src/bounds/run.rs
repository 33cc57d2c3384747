//! A run as the bounds see it: figures that were asked for, and those that are missing.

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
pub(super) enum Absent {
    /// It was not asked for: the bound is not checked.
    NotAsked,
    /// It was, and this is missing.
    NotMeasured(String),
}

/// A bound's words where it is missed.
pub(super) type Verdict = Result<Option<String>, Absent>;

/// The words if the bound does not hold; what is no number holds nothing.
pub(super) fn hold(holds: bool, words: impl FnOnce() -> String) -> Verdict {
    Ok((!holds).then(words))
}

impl Run<'_> {
    pub(super) fn asked(&self, subject: Subject) -> bool {
        self.options.selection().contains(&subject)
    }

    /// The runs of a contender.
    pub(super) fn cell(&self, subject: impl Into<Subject>, contender: ContenderName) -> Result<&Cell, Absent> {
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
    pub(super) fn best(
        &self,
        subject: impl Into<Subject>,
        number: impl Fn(&Cell) -> f64,
    ) -> Result<(&Cell, f64), Absent> {
        let rivals = self.grid.row(subject).filter(|cell| cell.contender.is_rival());
        let numbers = rivals.map(|cell| (cell, number(cell)));
        numbers.min_by(|(_, a), (_, b)| a.total_cmp(b)).ok_or(Absent::NotAsked)
    }
}
