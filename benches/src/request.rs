//! What the runner asks of a child process. The command line's own parser stays out of it: its pages would count
//! as memory of the workload.

use clap::ValueEnum;

use crate::sample::Sample;
use crate::workload::Workload;

/// The first argument; not a role of the command line.
const WORD: &str = "child";

/// One run of one workload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    pub(crate) workload: Workload,
    pub(crate) steps: u64,
    /// Whether the memory is read once more 2 s after the end.
    pub(crate) later: bool,
}

impl Request {
    /// As arguments.
    pub(crate) fn arguments(self) -> [String; 4] {
        let place = Workload::value_variants().iter().position(|&workload| workload == self.workload);
        let place = place.expect("every workload is a variant");
        [WORD.into(), place.to_string(), self.steps.to_string(), self.later.to_string()]
    }

    /// From arguments, if they are one.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        if arguments.next()? != WORD {
            return None;
        }
        let place: usize = arguments.next()?.parse().ok()?;
        let workload = *Workload::value_variants().get(place)?;
        let steps = arguments.next()?.parse().ok()?;
        Some(Self { workload, steps, later: arguments.next()?.parse().ok()? })
    }

    /// Runs it in this process.
    pub(crate) fn run(self) -> Sample {
        if self.later { self.workload.run_and_wait(self.steps, None) } else { self.workload.run(self.steps, None) }
    }
}

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::workload::Workload;

    #[test]
    fn a_request_reads_back_as_it_was_written() {
        let request = Request { workload: Workload::Phases, steps: 7, later: true };
        assert_eq!(Request::parse(request.arguments().into_iter()), Some(request));
        assert_eq!(Request::parse(["workload", "phases"].map(str::to_owned).into_iter()), None);
    }
}
