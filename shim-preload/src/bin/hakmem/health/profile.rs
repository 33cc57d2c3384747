//! Profile: one thing that must hold of an allocator, and its bound.

use crate::health::survival::Misuse;

/// What the figure must not pass.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// It is at most this.
    Most(f64),
    /// It is at least this.
    Least(f64),
}

impl Bound {
    /// A figure that is no number holds nowhere.
    pub(crate) fn holds(self, figure: f64) -> bool {
        match self {
            Self::Most(most) => figure <= most,
            Self::Least(least) => figure >= least,
        }
    }
}

/// How the figure comes about: the median of so many runs of the probe of the profile's name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measure {
    /// Divided by glibc's of the same round.
    Ratio(usize),
    /// What it is above glibc's median.
    Excess(usize),
    /// As it is.
    Own(usize),
    /// Of a run that counts its calls: how many of a hundred we served.
    Served,
    /// How many of these a line on stderr names before the process ends.
    Named(&'static [Misuse]),
}

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// What users name it by, and the probe's name.
    pub(crate) name: &'static str,
    /// What is measured.
    pub(crate) about: &'static str,
    /// What the figure counts.
    pub(crate) unit: &'static str,
    /// How it is measured.
    pub(crate) measure: Measure,
    /// What makes it pass.
    pub(crate) bound: Bound,
}

const TIME: &str = "of glibc's time";

/// All of them, in the order they are run. Bounds leave room for noise, not for another allocator.
pub(crate) const ALL: [Profile; 14] = [
    Profile {
        name: "random_mixed",
        about: "hot path: 16 to 1,039 bytes, 256 slots",
        unit: TIME,
        measure: Measure::Ratio(5),
        bound: Bound::Most(1.0),
    },
    Profile {
        name: "fixed",
        about: "hot path: 256 bytes, 256 slots",
        unit: TIME,
        measure: Measure::Ratio(5),
        bound: Bound::Most(1.0),
    },
    Profile {
        name: "larson4",
        about: "4 chains of threads hand 1,024 blocks on",
        unit: TIME,
        measure: Measure::Ratio(9),
        bound: Bound::Most(1.0),
    },
    Profile {
        name: "mid",
        about: "8 to 32 KiB, 64 slots, every page written",
        unit: TIME,
        measure: Measure::Ratio(5),
        bound: Bound::Most(1.0),
    },
    Profile {
        name: "realloc",
        about: "16 bytes doubled by realloc to 256 MiB: peak beyond the program's own",
        unit: "MiB",
        measure: Measure::Own(1),
        bound: Bound::Most(260.0),
    },
    Profile {
        name: "served",
        about: "calls that were not passed on to glibc",
        unit: "%",
        measure: Measure::Served,
        bound: Bound::Least(100.0),
    },
    Profile {
        name: "steady_faults",
        about: "page faults in 50,000 steps of a warm loop",
        unit: "faults",
        measure: Measure::Own(3),
        bound: Bound::Most(8.0),
    },
    Profile {
        name: "steady_memory",
        about: "growth of memory in the same steps",
        unit: "kB",
        measure: Measure::Own(3),
        bound: Bound::Most(32.0),
    },
    Profile {
        name: "threads_memory",
        about: "200 threads with 60 blocks each, beyond stacks",
        unit: "KiB a thread",
        measure: Measure::Own(3),
        bound: Bound::Most(25.0),
    },
    Profile {
        name: "base_memory",
        about: "a program that does nothing: its own pages, and the library's",
        unit: "kB above glibc",
        measure: Measure::Excess(9),
        bound: Bound::Most(248.0),
    },
    Profile {
        name: "returned",
        about: "64 MiB freed: left after 2 s and 300 more calls",
        unit: "MiB left",
        measure: Measure::Own(1),
        bound: Bound::Most(10.0),
    },
    Profile {
        name: "misuse",
        about: "wrong frees that end with a line that names them",
        unit: "of 4 named",
        measure: Measure::Named(&Misuse::ALL),
        bound: Bound::Least(4.0),
    },
    Profile {
        name: "fork",
        about: "children of a process with busy threads that work",
        unit: "of 40 children",
        measure: Measure::Own(1),
        bound: Bound::Least(40.0),
    },
    Profile {
        name: "threads_1000",
        about: "threads at once whose blocks keep what is written",
        unit: "of 1000 threads",
        measure: Measure::Own(1),
        bound: Bound::Least(1000.0),
    },
];
