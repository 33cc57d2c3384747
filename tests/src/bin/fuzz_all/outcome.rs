//! What came of a target's time.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// See the file's head.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) time: Duration,
    /// Inputs that were tried.
    pub(crate) executions: u64,
    /// Edges of the code that some input came to, and those counted by how often.
    pub(crate) coverage: u64,
    pub(crate) features: u64,
    /// Inputs of the corpus.
    pub(crate) inputs: usize,
    /// Inputs that were kept, if that was wished for.
    pub(crate) kept: Option<usize>,
    /// Where the input lies at which it ended.
    pub(crate) found: Option<PathBuf>,
}

impl Outcome {
    /// Reads the log of libFuzzer.
    pub(crate) fn read(name: &'static str, log: &str, time: Duration) -> Self {
        let executions = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        // `#1234	NEW    cov: 500 ft: 900 corp: 40/2Kb …`, also as the last line of a run that broke off.
        let last = log.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: "));
        let figure = |after: &str| {
            let (_, rest) = last?.split_once(after)?;
            rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        };
        let executions = executions.and_then(|figure| figure.trim().parse().ok()).or_else(|| figure("#"));
        Self {
            name,
            time,
            executions: executions.unwrap_or(0),
            coverage: figure(" cov: ").unwrap_or(0),
            features: figure(" ft: ").unwrap_or(0),
            inputs: 0,
            kept: None,
            found: None,
        }
    }
}

/// A table in Markdown.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut table = "| target | seconds | executions | edges | features | inputs | found |\n".to_owned();
    table += "|---|---:|---:|---:|---:|---:|---|\n";
    for outcome in outcomes {
        let Outcome { name, time, executions, coverage, features, inputs, kept, found } = outcome;
        let kept = kept.map_or(String::new(), |kept| format!(", {kept} kept"));
        let found = found.as_ref().map_or("nothing".to_owned(), |path| path.display().to_string());
        let seconds = time.as_secs();
        let _ = writeln!(
            table,
            "| `{name}` | {seconds} | {executions} | {coverage} | {features} | {inputs}{kept} | {found} |"
        );
    }
    table
}
