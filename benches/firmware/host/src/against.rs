//! What ours reached in an earlier result must not become worse.

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::contender::Kind;
use crate::figures::{Figure, Figures};
use crate::measure;
use crate::options::Options;

/// A compiler's update may cost one part in so many; counts repeat exactly otherwise.
const MARGIN: f64 = 50.0;

/// When a figure is worse than it was.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Worse {
    Above,
    Below,
    /// Words, of which some are those that we want.
    NotAsWanted,
}

/// Nothing for those that describe a stream, or follow from others.
fn worse(figure: &str) -> Option<Worse> {
    let first = figure.split('.').next().unwrap_or(figure);
    let last = figure.rsplit('.').next().unwrap_or(figure);
    match (first, last) {
        (_, "panics") | ("free-twice" | "free-merged", _) => Some(Worse::NotAsWanted),
        ("flash" | "flash_realloc" | "first" | "worst" | "arena" | "arena8" | "vectors", _) => Some(Worse::Above),
        (_, "mean" | "max" | "refused" | "refused_bytes") => Some(Worse::Above),
        ("room" | "largest", _) | ("lone", "bytes") | ("long", "largest") => Some(Worse::Below),
        _ => None,
    }
}

fn is_wanted(words: &str) -> bool {
    words == "no" || words.starts_with("named: ")
}

/// The complaint if a figure is worse now.
fn complaint(figure: &str, was: &str, now: Option<&str>) -> Option<String> {
    let rule = worse(figure)?;
    let number = || now.and_then(|now| now.parse::<f64>().ok());
    let (good, limit) = match rule {
        Worse::Above => {
            let was: f64 = was.parse().ok()?;
            let most = was + (was / MARGIN).ceil().max(1.0);
            (number().is_some_and(|now| now <= most), format!(", at most {most}"))
        }
        Worse::Below => {
            let was: f64 = was.parse().ok()?;
            (number().is_some_and(|now| now >= was), String::new())
        }
        Worse::NotAsWanted => (!is_wanted(was) || now.is_some_and(is_wanted), String::new()),
    };
    (!good).then(|| format!("{figure}: {}, was {was}{limit}", now.unwrap_or("not measured")))
}

/// An earlier result, as far as it is measured again: ours, on these targets.
pub(crate) struct Earlier {
    figures: Figures,
}

impl Earlier {
    pub(crate) fn read(path: &Path, options: &Options) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let all = Figures::from_csv(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::new(&all, options).ok_or_else(|| format!("{}: nothing of it is measured now", path.display()))
    }

    fn new(all: &Figures, options: &Options) -> Option<Self> {
        let is_measured = |figure: &Figure<'_>| {
            options.targets.iter().any(|target| target.name == figure.target)
                && options.contenders.iter().any(|who| who.kind == Kind::Ours && who.name == figure.contender)
        };
        let mut figures = Figures::default();
        for figure in all.iter().filter(is_measured).filter(|figure| worse(figure.name).is_some()) {
            figures.put(figure.target, figure.contender, figure.name, figure.value);
        }
        let earlier = Self { figures };
        (earlier.count() > 0).then_some(earlier)
    }

    /// How many figures are compared.
    pub(crate) fn count(&self) -> usize {
        self.figures.iter().count()
    }

    /// Each figure that is worse now, and each test that fails.
    pub(crate) fn complaints(&self, options: &Options, now: &Figures) -> Vec<String> {
        let mut complaints = Vec::new();
        for target in &options.targets {
            for who in options.contenders.iter().filter(|who| who.kind == Kind::Ours) {
                for test in measure::TESTS {
                    if let Some(how) = now.get(target.name, who.name, test) {
                        complaints.push(format!("{}, {}: {how} in the test {test}", target.name, who.name));
                    }
                }
            }
        }
        for was in self.figures.iter() {
            let now = now.get(was.target, was.contender, was.name);
            let complaint = complaint(was.name, was.value, now);
            complaints.extend(complaint.map(|words| format!("{}, {}: {words}", was.target, was.contender)));
        }
        complaints
    }
}
