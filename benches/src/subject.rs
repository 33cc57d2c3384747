//! What is measured: a workload of ours or a real program, under one list of names.

use std::fmt;
use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::program::Program;
use crate::workload::Workload;

/// One of either.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subject {
    /// A loop in a process of this program.
    Workload(Workload),
    /// A program of the system, or one built like those.
    Program(Program),
}

static ALL: LazyLock<Vec<Subject>> = LazyLock::new(|| {
    let workloads = Workload::value_variants().iter().copied().map(Subject::Workload);
    workloads.chain(Program::value_variants().iter().copied().map(Subject::Program)).collect()
});

impl Subject {
    /// Every workload.
    pub(crate) fn workloads() -> impl Iterator<Item = Self> {
        ALL.iter().copied().filter(|subject| matches!(subject, Self::Workload(_)))
    }

    /// Every program.
    pub(crate) fn programs() -> impl Iterator<Item = Self> {
        ALL.iter().copied().filter(|subject| matches!(subject, Self::Program(_)))
    }

    /// Whether its time means something.
    pub(crate) fn is_timed(self) -> bool {
        match self {
            Self::Workload(workload) => workload.is_timed(),
            Self::Program(_) => true,
        }
    }
}

impl From<Workload> for Subject {
    fn from(workload: Workload) -> Self {
        Self::Workload(workload)
    }
}

impl From<Program> for Subject {
    fn from(program: Program) -> Self {
        Self::Program(program)
    }
}

impl ValueEnum for Subject {
    fn value_variants<'names>() -> &'names [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Workload(workload) => workload.to_possible_value(),
            Self::Program(program) => program.to_possible_value(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(workload) => workload.fmt(f),
            Self::Program(program) => program.fmt(f),
        }
    }
}
