//! Trial: a profile measured, every run in a process of its own, allocators in turn.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Output};
use std::time::Duration;

use crate::health::probe::UNTRIED;
use crate::health::profile::{Measure, Profile};
use crate::health::survival::Misuse;
use crate::piece;

const LIMIT: Duration = Duration::from_secs(30);
const SIGABRT: i32 = 6;

/// What came of a trial.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran to its end.
    Measured {
        /// To be held against the bound.
        figure: f64,
        /// Both medians, if there are two.
        detail: String,
    },
    /// The allocator did not let it run to its end; why.
    Failed(String),
    /// Nothing can be said; why, and the remedy.
    Untried(String),
}

/// Who is tried, and by what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial<'a> {
    /// This program.
    pub(crate) program: &'a Path,
    /// The library that must serve.
    pub(crate) library: &'a Path,
}

impl Trial<'_> {
    /// Measures one profile.
    pub(crate) fn run(self, profile: &Profile) -> Outcome {
        let name = profile.name;
        let result = match profile.measure {
            Measure::Own(rounds) => self.own(name, rounds),
            Measure::Ratio(rounds) => self.ratio(name, rounds),
            Measure::Excess(rounds) => self.excess(name, rounds),
            Measure::Served => self.served(name),
            Measure::Named(misuses) => self.named(misuses),
        };
        result.unwrap_or_else(|outcome| outcome)
    }

    fn own(self, probe: &str, rounds: usize) -> Result<Outcome, Outcome> {
        let mut figures = vec![];
        for _ in 0..rounds {
            figures.push(self.figure(probe, true)?);
        }
        Ok(Outcome::Measured { figure: median(&mut figures), detail: String::new() })
    }

    /// How our time stands to glibc's. Each run is held against the one beside it: what else the machine does meets
    /// both.
    fn ratio(self, probe: &str, rounds: usize) -> Result<Outcome, Outcome> {
        let (mut ours, mut glibc) = self.beside(probe, rounds)?;
        let mut ratios: Vec<f64> = ours.iter().zip(&glibc).map(|(ours, glibc)| ours / glibc.max(1e-9)).collect();
        let (ours, glibc) = (median(&mut ours), median(&mut glibc));
        Ok(Outcome::Measured { figure: median(&mut ratios), detail: format!("{ours:.1} beside {glibc:.1} ns a step") })
    }

    /// What our memory is above glibc's. The loader places all anew each time, and so a run may have a page more.
    fn excess(self, probe: &str, rounds: usize) -> Result<Outcome, Outcome> {
        let (mut ours, mut glibc) = self.beside(probe, rounds)?;
        let (ours, glibc) = (median(&mut ours), median(&mut glibc));
        Ok(Outcome::Measured { figure: ours - glibc, detail: format!("{ours:.0} beside {glibc:.0} kB") })
    }

    /// Ours and glibc's in turn; who begins changes each round.
    fn beside(self, probe: &str, rounds: usize) -> Result<(Vec<f64>, Vec<f64>), Outcome> {
        let (mut ours, mut glibc) = (vec![], vec![]);
        for round in 0..rounds {
            for is_ours in [round % 2 == 0, round % 2 != 0] {
                let figure = self.figure(probe, is_ours)?;
                if is_ours { ours.push(figure) } else { glibc.push(figure) }
            }
        }
        Ok((ours, glibc))
    }

    fn served(self, probe: &str) -> Result<Outcome, Outcome> {
        let output = self.output(probe, true, true)?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        check(probe, true, &output)?;
        let share = stderr.split("served here: ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let none = || Outcome::Failed("it printed no table of statistics".into());
        Ok(Outcome::Measured { figure: share.ok_or_else(none)?, detail: String::new() })
    }

    fn named(self, misuses: &[Misuse]) -> Result<Outcome, Outcome> {
        let (mut count, mut unnamed) = (0_u32, vec![]);
        for misuse in misuses {
            let output = self.output(misuse.name(), true, false)?;
            if output.status.code() == Some(UNTRIED.into()) {
                check(misuse.name(), true, &output)?;
            }
            let is_named = String::from_utf8_lossy(&output.stderr).lines().any(|line| line.starts_with(misuse.words()));
            if is_named && output.status.signal() == Some(SIGABRT) {
                count += 1;
            } else {
                unnamed.push(misuse.name());
            }
        }
        let detail = if unnamed.is_empty() { String::new() } else { format!("not named: {}", unnamed.join(", ")) };
        Ok(Outcome::Measured { figure: count.into(), detail })
    }

    /// The figure that one run prints.
    fn figure(self, probe: &str, is_ours: bool) -> Result<f64, Outcome> {
        let output = self.output(probe, is_ours, false)?;
        check(probe, is_ours, &output)?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().map_err(|_| Outcome::Failed(format!("`hakmem probe {probe}` printed no figure: {text}")))
    }

    fn output(self, probe: &str, is_ours: bool, counts: bool) -> Result<Output, Outcome> {
        let mut command = piece::command(self.program, &["probe", probe], is_ours.then_some(self.library));
        if counts {
            command.env("HAKMEM_STATS", "1");
        }
        let late = || format!("`hakmem probe {probe}` did not end within {} s", LIMIT.as_secs());
        match piece::run(&mut command, LIMIT) {
            Ok(Some(output)) => Ok(output),
            Ok(None) if is_ours => Err(Outcome::Failed(late())),
            Ok(None) => Err(Outcome::Untried(format!("{} under glibc; run it again on a quieter machine", late()))),
            Err(why) => Err(Outcome::Untried(why)),
        }
    }
}

/// Whether a run ended well, and if not, whose fault it is.
fn check(probe: &str, is_ours: bool, output: &Output) -> Result<(), Outcome> {
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().last().unwrap_or("it said nothing").trim_start_matches("hakmem: ");
    if output.status.code() == Some(UNTRIED.into()) {
        return Err(Outcome::Untried(last.to_owned()));
    }
    let end = ending(output.status);
    Err(if is_ours {
        Outcome::Failed(format!("`hakmem probe {probe}` ended with {end}: {last}"))
    } else {
        Outcome::Untried(format!("`hakmem probe {probe}` under glibc ended with {end}: {last}; free some memory"))
    })
}

fn ending(status: ExitStatus) -> String {
    let signal = status.signal().map(|signal| format!("signal {signal}"));
    signal.unwrap_or_else(|| format!("code {}", status.code().unwrap_or_default()))
}

/// The middle one; no number if there is none.
fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
