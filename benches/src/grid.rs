//! All runs of a comparison, by what was measured and who.

use crate::contender::{Contender, ContenderName};
use crate::sample::Sample;
use crate::statistics::{Spread, median};
use crate::subject::Subject;

/// All runs of one workload or program under one contender.
pub(crate) struct Cell {
    pub(crate) subject: Subject,
    pub(crate) contender: ContenderName,
    /// The measured rounds; empty after a failure.
    pub(crate) samples: Vec<Sample>,
    pub(crate) failure: Option<String>,
    /// Its one sample is that of the warm-up.
    pub(crate) took_long: bool,
}

/// The cells of a comparison.
#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) cells: Vec<Cell>,
    /// What was not measured, and why: programs that are missing, and contenders that a program cannot have.
    pub(crate) left_out: Vec<(Subject, Option<ContenderName>, String)>,
}

impl Grid {
    /// The cell of a pair, if it was measured without a failure.
    pub(crate) fn cell(&self, subject: impl Into<Subject>, contender: ContenderName) -> Option<&Cell> {
        let subject = subject.into();
        let wanted = |cell: &&Cell| cell.subject == subject && cell.contender == contender;
        self.cells.iter().find(wanted).filter(|cell| !cell.samples.is_empty())
    }

    /// The cells of a workload or program that were measured without a failure.
    pub(crate) fn row(&self, subject: impl Into<Subject>) -> impl Iterator<Item = &Cell> {
        let subject = subject.into();
        self.cells.iter().filter(move |cell| cell.subject == subject && !cell.samples.is_empty())
    }

    /// What has cells, in their order.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = self.cells.iter().map(|cell| cell.subject).collect();
        subjects.dedup();
        subjects
    }

    /// Who has cells, in their order.
    pub(crate) fn contenders(&self) -> Vec<ContenderName> {
        let mut names = Vec::new();
        for cell in &self.cells {
            if !names.contains(&cell.contender) {
                names.push(cell.contender);
            }
        }
        names
    }
}

impl Cell {
    /// One without runs.
    pub(crate) fn new(subject: Subject, contender: &Contender) -> Self {
        Self { subject, contender: contender.name, samples: Vec::new(), failure: None, took_long: false }
    }

    /// Middle and spread of one number of the runs.
    pub(crate) fn spread(&self, number: impl Fn(&Sample) -> f64) -> Spread {
        let values: Vec<f64> = self.samples.iter().map(number).collect();
        Spread::of(&values).unwrap_or_default()
    }

    /// Median of the time a step; of a program, of the time it took.
    pub(crate) fn time(&self) -> f64 {
        self.spread(Sample::ns_per_step).median
    }

    /// Median of the peak memory.
    pub(crate) fn peak_kb(&self) -> f64 {
        self.spread(|sample| sample.peak_kb as f64).median
    }

    /// Median of a number that not every run has.
    pub(crate) fn median(&self, number: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.samples.iter().filter_map(number).collect();
        median(&values)
    }

    /// Median of the memory after everything was freed.
    pub(crate) fn end_kb(&self) -> Option<f64> {
        self.median(|sample| Some(sample.end_kb? as f64))
    }

    /// Median of the memory 2 s after the end, over the runs where it was read.
    pub(crate) fn later_kb(&self) -> Option<f64> {
        self.median(|sample| Some(sample.later_kb? as f64))
    }

    /// Median of what a thread costs over its stack; of the workload of many threads only.
    pub(crate) fn per_thread_kb(&self) -> Option<f64> {
        self.median(|sample| sample.per_thread_kb)
    }
}
