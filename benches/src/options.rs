//! What the runner is asked for on the command line.

use std::path::PathBuf;

use crate::contender::ContenderName;
use crate::subject::Subject;

/// The most that `--steps` multiplies by.
const MOST_STEPS: f64 = 100.0;

/// The options of a comparison.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Measured rounds; one round of warm-up goes before them.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Further rounds, for so many seconds at most in each, of the workloads whose time net of the floor's (of larson4
    /// and larson8, whose time) is not known well enough to be compared; of those who may still be the best in it.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(crate) settle: u32,
    /// Only these workloads and programs, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<Subject>,
    /// Every real program instead of the workloads; with `--only`, beside what it names.
    #[arg(long)]
    pub(crate) programs: bool,
    /// Every workload and every real program.
    #[arg(long, conflicts_with_all = ["only", "programs"])]
    pub(crate) all: bool,
    /// Only these contenders, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CONTENDER")]
    pub(crate) contenders: Vec<ContenderName>,
    /// Factor on the steps of every workload and the work of every program, above 0 and at most 100; what has a
    /// number of its own (many_threads, first_calls, syscall, small300, nothing) stays as it is.
    #[arg(long, default_value_t = 1.0, value_name = "SCALE", value_parser = scale)]
    pub(crate) steps: f64,
    /// Name of the files written to benches/results: NAME.csv, NAME.md, NAME.time.svg, NAME.peak.svg; the date by
    /// default.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The library to measure as hakmem; it is not built then, and the program rust leaves hakmem out.
    #[arg(long, value_name = "PATH")]
    pub(crate) hakmem: Option<PathBuf>,
    /// The library to measure as the contender other.
    #[arg(long, value_name = "PATH")]
    pub(crate) other: Option<PathBuf>,
    /// Measures the libraries as they are, without building them.
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Counts instructions a step as well, of the selected workloads of one thread, with valgrind: for glibc,
    /// hakmem, the floor and mimalloc 3, or for the contenders that are named.
    #[arg(long)]
    pub(crate) instructions: bool,
    /// Exits with 1 and names each bound that hakmem misses, of those whose workloads and contenders were asked for.
    #[arg(long)]
    pub(crate) check: bool,
}

impl Options {
    /// What is measured: every workload where nothing is named.
    pub(crate) fn selection(&self) -> Vec<Subject> {
        let named = !self.only.is_empty() || self.programs;
        let mut selection: Vec<Subject> = if named { self.only.clone() } else { Subject::workloads().collect() };
        if self.programs || self.all {
            selection.extend(Subject::programs().filter(|program| !self.only.contains(program)));
        }
        selection
    }

    /// Whether it may be measured.
    pub(crate) fn includes(&self, contender: ContenderName) -> bool {
        self.contenders.is_empty() && contender.is_as_it_comes() || self.contenders.contains(&contender)
    }
}

fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let allowed = scale > 0.0 && scale <= MOST_STEPS;
    allowed.then_some(scale).ok_or(format!("must be above 0 and at most {MOST_STEPS}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::{Options, scale};
    use crate::program::Program;
    use crate::workload::Workload;

    /// Options as from the command line.
    pub(crate) fn options(arguments: &str) -> Options {
        let command = Options::augment_args(clap::Command::new("bench").no_binary_name(true));
        let matches = command.try_get_matches_from(arguments.split(' ').filter(|word| !word.is_empty()));
        Options::from_arg_matches(&matches.expect("right arguments")).expect("right arguments")
    }

    #[test]
    fn what_is_selected() {
        assert!(options("").selection().contains(&Workload::Pair.into()));
        assert!(!options("").selection().contains(&Program::Lua.into()));
        assert!(!options("--programs").selection().contains(&Workload::Pair.into()));
        assert!(options("--programs").selection().contains(&Program::Lua.into()));
        assert_eq!(options("--only lua,pair").selection(), [Program::Lua.into(), Workload::Pair.into()]);
        let both = options("--only lua,pair --programs").selection();
        assert_eq!(both.iter().filter(|&&subject| subject == Program::Lua.into()).count(), 1);
        assert_eq!(
            options("--all").selection().len(),
            options("").selection().len() + options("--programs").selection().len()
        );
    }

    #[test]
    fn a_scale_lies_between_0_and_100() {
        assert_eq!(scale("0.01"), Ok(0.01));
        assert_eq!(scale("100"), Ok(100.0));
        for wrong in ["0", "-1", "100.1", "NaN", "inf"] {
            assert_eq!(scale(wrong), Err("must be above 0 and at most 100".into()), "{wrong}");
        }
        assert_eq!(scale("much"), Err("not a number".into()));
    }
}
