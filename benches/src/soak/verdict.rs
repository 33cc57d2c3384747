//! Whether memory is flat: a pure function of what was seen.
//!
//! | who | what must hold after the warm-up |
//! |---|---|
//! | a process that lives for the whole run | resident memory rises by at most 5 % or 4 MiB, whichever is more, while it is watched, and in an hour at that rate by 5 % or 8 MiB; where it is watched for less than ten minutes, only by 15 % or 8 MiB while it is, for less than two by 30 % or 24 MiB: it is still filling its caches. The rate is Theil and Sen's slope; the rise is also that from the median of the first quarter to that of the last. Mappings rise by at most 10 % or 64, threads by 10 % or 8 |
//! | processes that follow one another | their peaks rise by at most 10 % or 4 MiB, whichever is more, from the second to the last; in a run of less than ten minutes by 25 % or 8 MiB, of less than two by 30 % or 24 MiB |
//! | children of a process that lives for the whole run | so do the peaks of those that were seen three times |
//!
//! The warm-up is a fifth of the run; of a short one two minutes, or two fifths of it.

#[cfg(test)]
mod tests;

use crate::life::{Life, Lives, Look};
use crate::slope::{median, slope};

/// In these memory may rise: a share of the run, or so many seconds if they are less than another share.
const WARM_UP: f64 = 0.2;
const WARM_UP_SECONDS: f64 = 120.0;
const MOST_WARM_UP: f64 = 0.4;
/// Fewer looks say nothing.
const LEAST_LOOKS: usize = 5;
/// Who was watched for less is held to wider bounds, and to no rate; for less than the second, to the widest.
const LONG_SECONDS: f64 = 600.0;
const BRIEF_SECONDS: f64 = 120.0;
const HOUR_SECONDS: f64 = 3_600.0;
/// A child that was seen less often may not have been as large as it became.
const LEAST_LOOKS_OF_CHILD: usize = 3;
/// Peaks of fewer processes have no direction.
const LEAST_TURNS: usize = 4;
const MIB_KB: f64 = 1_024.0;

/// One figure held against its bound.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) what: &'static str,
    /// What it stands at: the median.
    pub(crate) level: f64,
    pub(crate) rise: f64,
    pub(crate) bound: f64,
}

impl Finding {
    pub(crate) fn holds(&self) -> bool {
        self.rise <= self.bound
    }
}

/// What is said in the end.
#[derive(Default, Debug)]
pub(crate) struct Verdict {
    pub(crate) findings: Vec<Finding>,
    pub(crate) failures: Vec<String>,
}

impl Verdict {
    /// Judges a run of so many seconds, in which that failed.
    pub(crate) fn of(lives: &Lives, seconds: f64, mut failures: Vec<String>) -> Self {
        let mut findings = Vec::new();
        for name in lives.names() {
            let all: Vec<&Life> = lives.named(&name).collect();
            if let [life] = all[..]
                && life.is_steady()
            {
                match steady(&name, life, seconds) {
                    Some(found) => findings.extend(found),
                    None => failures.push(format!("{name}: seen too rarely to be judged")),
                }
            } else {
                findings.extend(peaks(&name, &all, seconds));
            }
        }
        if findings.is_empty() {
            failures.push("nothing was seen that could be judged".into());
        }
        Self { findings, failures }
    }

    pub(crate) fn passes(&self) -> bool {
        self.failures.is_empty() && self.findings.iter().all(Finding::holds)
    }

    /// The last line of the output.
    pub(crate) fn word(&self) -> &'static str {
        if self.passes() { "PASS" } else { "FAIL" }
    }
}

fn warm_up(seconds: f64) -> f64 {
    WARM_UP_SECONDS.min(MOST_WARM_UP * seconds).max(WARM_UP * seconds)
}

/// A process that was there for the whole run.
fn steady(name: &str, life: &Life, seconds: f64) -> Option<Vec<Finding>> {
    let looks: Vec<Look> = life.looks.iter().copied().filter(|look| look.second >= warm_up(seconds)).collect();
    if looks.len() < LEAST_LOOKS {
        return None;
    }
    let watched = looks.last()?.second - looks.first()?.second;
    let rss = of(&looks, |look| look.rss_kb);
    let (mappings, threads) = (of(&looks, |look| look.mappings), of(&looks, |look| look.threads));
    let level = level(&rss)?;
    let finding = |what, rise, bound| Finding { name: name.into(), what, level, rise, bound };
    let is_long = watched >= LONG_SECONDS;
    let most = by_length(level, watched, [(0.05, 4.0), (0.15, 8.0), (0.3, 24.0)]);
    let mut found = vec![
        finding("RSS kB, while watched", slope(&rss) * watched, most),
        finding("RSS kB, last quarter − first", step(&rss)?, most),
    ];
    if is_long {
        let hourly = slope(&rss) * HOUR_SECONDS;
        found.push(finding("RSS kB, in an hour", hourly, bound(level, 0.05, 8.0 * MIB_KB)));
    }
    for (what, points, least) in [("mappings", mappings, 64.0), ("threads", threads, 8.0)] {
        let level = self::level(&points)?;
        let rise = slope(&points) * watched;
        found.push(Finding { name: name.into(), what, level, rise, bound: bound(level, 0.1, least) });
    }
    Some(found)
}

/// Processes one after another, of a role or of a parent.
fn peaks(name: &str, all: &[&Life], seconds: f64) -> Option<Finding> {
    // What a restarted process forks is as large as that process is at the moment.
    let of_steady = |life: &Life| {
        life.role.turn.is_none()
            && life.looks.len() >= LEAST_LOOKS_OF_CHILD
            && life.looks.first().is_some_and(|look| look.second >= warm_up(seconds))
    };
    // The first starts with nothing: it has no files to load.
    let counts = |life: &&&Life| if life.is_child { of_steady(life) } else { life.turn > 0 };
    let peaks: Vec<(f64, f64)> =
        all.iter().filter(counts).enumerate().map(|(at, life)| (at as f64, life.peak_kb() as f64)).collect();
    if peaks.len() < LEAST_TURNS {
        return None;
    }
    let level = level(&peaks)?;
    let rise = slope(&peaks) * (peaks.len() - 1) as f64;
    let most = by_length(level, seconds, [(0.1, 4.0), (0.25, 8.0), (0.3, 24.0)]);
    Some(Finding { name: name.into(), what: "peaks kB, one after another", level, rise, bound: most })
}

fn of(looks: &[Look], number: fn(&Look) -> u64) -> Vec<(f64, f64)> {
    looks.iter().map(|look| (look.second, number(look) as f64)).collect()
}

fn level(points: &[(f64, f64)]) -> Option<f64> {
    median(points.iter().map(|point| point.1).collect())
}

/// From the first quarter to the last: a step late in the run moves no slope.
fn step(points: &[(f64, f64)]) -> Option<f64> {
    let quarter = points.len().div_ceil(4);
    Some(level(points.get(points.len() - quarter..)?)? - level(points.get(..quarter)?)?)
}

/// The bound of a long look, of one that is not, and of a brief one: each a share and a least rise in MiB.
fn by_length(level: f64, seconds: f64, [long, middle, brief]: [(f64, f64); 3]) -> f64 {
    let (share, least) = if seconds >= LONG_SECONDS {
        long
    } else if seconds >= BRIEF_SECONDS {
        middle
    } else {
        brief
    };
    bound(level, share, least * MIB_KB)
}

fn bound(level: f64, share: f64, least: f64) -> f64 {
    (level * share).max(least)
}
