//! The numbers of one run, and the line that carries them from child to runner.

use std::fmt;

/// One run of one workload or program under one contender.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) steps: u64,
    /// Monotonic time of the timed section; of a program, from its start to its end.
    pub(crate) wall_ns: u64,
    /// CPU time of all threads in the timed section.
    pub(crate) cpu_ns: u64,
    /// Minor faults in the timed section.
    pub(crate) faults: u64,
    /// VmHWM: the most memory the whole process ever had.
    pub(crate) peak_kb: u64,
    /// Resident after everything was freed; of a program, nobody knows when that is.
    pub(crate) end_kb: Option<u64>,
    /// The same 2 s later, without a call in between; read only where asked for.
    pub(crate) later_kb: Option<u64>,
    /// What each thread costs over its stack; only of the workload of many threads.
    pub(crate) per_thread_kb: Option<f64>,
    /// The file `malloc` was found in.
    pub(crate) malloc_in: String,
}

impl Sample {
    /// Time per step; of the workload without steps, the time itself.
    pub(crate) fn ns_per_step(&self) -> f64 {
        self.wall_ns as f64 / self.steps.max(1) as f64
    }

    /// Reads what `Display` wrote.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let field = |name: &str| {
            let pair = line.split(' ').find_map(|pair| pair.strip_prefix(name));
            pair.and_then(|pair| pair.strip_prefix('='))
        };
        let number = |name| field(name)?.parse().ok();
        Some(Self {
            steps: number("steps")?,
            wall_ns: number("wall_ns")?,
            cpu_ns: number("cpu_ns")?,
            faults: number("faults")?,
            peak_kb: number("peak_kb")?,
            end_kb: number("end_kb"),
            later_kb: number("later_kb"),
            per_thread_kb: field("per_thread_kb").and_then(|value| value.parse().ok()),
            malloc_in: line.split_once("malloc_in=")?.1.trim_end().into(),
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, wall_ns, cpu_ns, faults, peak_kb, malloc_in, .. } = self;
        let ns_per_step = self.ns_per_step();
        write!(f, "steps={steps} wall_ns={wall_ns} cpu_ns={cpu_ns} ns_per_step={ns_per_step:.3} ")?;
        write!(f, "faults={faults} peak_kb={peak_kb} ")?;
        if let Some(end_kb) = self.end_kb {
            write!(f, "end_kb={end_kb} ")?;
        }
        if let Some(later_kb) = self.later_kb {
            write!(f, "later_kb={later_kb} ")?;
        }
        if let Some(per_thread_kb) = self.per_thread_kb {
            write!(f, "per_thread_kb={per_thread_kb:.2} ")?;
        }
        write!(f, "malloc_in={malloc_in}")
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let bare = Sample {
            steps: 10,
            wall_ns: 2_000,
            cpu_ns: 1_900,
            faults: 3,
            peak_kb: 2_048,
            end_kb: Some(1_024),
            malloc_in: "/lib/with a space.so".into(),
            ..Sample::default()
        };
        let full = Sample { later_kb: Some(900), per_thread_kb: Some(17.25), ..bare.clone() };
        for sample in [bare, full] {
            assert_eq!(Sample::parse(&sample.to_string()), Some(sample));
        }
        assert_eq!(Sample::parse("something else"), None);
    }
}
