//! Judgement: every profile in turn, and a line for each: PASS or FAIL, the figure, the bound.

use std::env;
use std::time::Instant;

use crate::health::profile::{ALL, Bound, Profile};
use crate::health::trial::{Outcome, Trial};
use crate::library;
use crate::output::{complain, say};

/// How to judge.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// Names of profiles; none means all.
    pub(crate) only: &'a [String],
    /// JSON on stdout in place of the lines.
    pub(crate) json: bool,
}

/// What became of a profile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
    /// It could not be tried.
    Unknown,
}

/// `hakmem bench health`; returns the exit code.
pub(crate) fn judge(wishes: &Wishes<'_>) -> u8 {
    match judged(wishes) {
        Ok(verdicts) if verdicts.contains(&Verdict::Fail) => 1,
        Ok(verdicts) if verdicts.contains(&Verdict::Unknown) => 2,
        Ok(_) => 0,
        Err(why) => {
            complain(&why);
            2
        }
    }
}

fn judged(wishes: &Wishes<'_>) -> Result<Vec<Verdict>, String> {
    let profiles = chosen(wishes.only)?;
    let library = library::find()?;
    let program =
        env::current_exe().map_err(|why| format!("cannot tell where this program is: {why}; start it anew"))?;
    let started = Instant::now();
    let trial = Trial { program: &program, library: &library };
    if !wishes.json {
        say(&format!("{} beside glibc's malloc, every run in a process of its own", library.display()));
    }
    let (mut verdicts, mut objects) = (vec![], vec![]);
    for profile in profiles {
        let outcome = trial.run(&profile);
        let verdict = match &outcome {
            Outcome::Measured { figure, .. } if profile.bound.holds(*figure) => Verdict::Pass,
            Outcome::Measured { .. } | Outcome::Failed(_) => Verdict::Fail,
            Outcome::Untried(_) => Verdict::Unknown,
        };
        if wishes.json {
            objects.push(object(&profile, &outcome, verdict));
        } else {
            say(&line(&profile, &outcome, verdict));
        }
        verdicts.push(verdict);
    }
    if wishes.json {
        say(&format!("[\n  {}\n]", objects.join(",\n  ")));
    } else {
        let passed = verdicts.iter().filter(|verdict| **verdict == Verdict::Pass).count();
        say(&format!("{passed} of {} pass, {:.1} s", verdicts.len(), started.elapsed().as_secs_f64()));
    }
    Ok(verdicts)
}

/// The profiles that are named, in the table's order.
fn chosen(only: &[String]) -> Result<Vec<Profile>, String> {
    if let Some(unknown) = only.iter().find(|name| ALL.iter().all(|profile| profile.name != **name)) {
        let names = ALL.map(|profile| profile.name).join(", ");
        return Err(format!("no profile is called `{unknown}`; there are {names}"));
    }
    let is_wanted = |profile: &Profile| only.is_empty() || only.iter().any(|name| name == profile.name);
    Ok(ALL.into_iter().filter(is_wanted).collect())
}

fn line(profile: &Profile, outcome: &Outcome, verdict: Verdict) -> String {
    let Profile { name, about, unit, bound, .. } = profile;
    let word = match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Unknown => "????",
    };
    let bound = match bound {
        Bound::Most(most) => format!("at most {most}"),
        Bound::Least(least) => format!("at least {least}"),
    };
    let (figure, words) = match outcome {
        Outcome::Measured { figure, detail } => {
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            (rounded(*figure), format!("{about}{detail}"))
        }
        Outcome::Failed(why) | Outcome::Untried(why) => ("-".into(), format!("{about}: {why}")),
    };
    format!("{word}  {name:<15}{figure:>8} {unit:<16} {bound:<14} {words}")
}

fn object(profile: &Profile, outcome: &Outcome, verdict: Verdict) -> String {
    let Profile { name, about, unit, bound, .. } = profile;
    let result = match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Unknown => "unknown",
    };
    let (key, bound) = match bound {
        Bound::Most(most) => ("at_most", most),
        Bound::Least(least) => ("at_least", least),
    };
    let (figure, words) = match outcome {
        Outcome::Measured { figure, detail } => (rounded(*figure), detail),
        Outcome::Failed(why) | Outcome::Untried(why) => ("null".into(), why),
    };
    let (name, about, unit, words) = (quoted(name), quoted(about), quoted(unit), quoted(words));
    format!(
        "{{\"profile\": {name}, \"result\": \"{result}\", \"figure\": {figure}, \"unit\": {unit}, \"{key}\": {bound}, \
         \"about\": {about}, \"detail\": {words}}}"
    )
}

/// With two decimals, or none if it has none.
fn rounded(figure: f64) -> String {
    if figure.fract() == 0.0 { format!("{figure:.0}") } else { format!("{figure:.2}") }
}

/// As JSON has it.
fn quoted(text: &str) -> String {
    let letter = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", text.chars().map(letter).collect::<String>())
}
