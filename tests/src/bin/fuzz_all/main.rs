//! `cargo fuzz-all`: builds every fuzz target with the nightly toolchain, lets each run for its time, says what came of
//! it. It needs no `cargo fuzz`; what that does with `tests/fuzz` works all the same.
//!
//! | option | meaning |
//! |---|---|
//! | `--minutes N`, `--seconds N` | how long each target runs; 30 minutes if nothing is said |
//! | `--only NAME,NAME` | these targets |
//! | `--jobs N` | targets at a time; 2 if nothing is said |
//! | `--keep` | the corpora in `tests/fuzz/corpus` become what the fuzzers have now, in its smallest form |
//! | `--summary FILE` | the table goes there too |
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | nothing was found |
//! | 1 | something was: its input, minimised, lies in `tests/fuzz/found`; the log says more |
//! | 2 | something could not be built or read |

mod builds;
mod outcome;
mod places;
mod round;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;
use std::{env, fs, thread};

use hakmem_tests::fuzzed::TARGETS;
use outcome::Outcome;
use places::Places;

struct Options {
    time: Duration,
    names: Vec<&'static str>,
    jobs: usize,
    keeps: bool,
    summary: Option<String>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let names = TARGETS.map(|(name, _)| name);
        let mut options =
            Self { time: Duration::from_secs(30 * 60), names: names.into(), jobs: 2, keeps: false, summary: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
            match word.as_str() {
                "--minutes" => options.time = Duration::from_secs(60 * number(value()?)?),
                "--seconds" => options.time = Duration::from_secs(number(value()?)?),
                "--jobs" => options.jobs = number(value()?)?.max(1) as usize,
                "--keep" => options.keeps = true,
                "--summary" => options.summary = Some(value()?),
                "--only" => {
                    let known = |name: &str| names.into_iter().find(|known| *known == name);
                    let wanted = value()?;
                    let wanted = wanted.split(',').map(|name| known(name).ok_or_else(|| format!("no target {name}")));
                    options.names = wanted.collect::<Result<_, _>>()?;
                }
                _ => return Err(format!("{word} is no option: --minutes --seconds --only --jobs --keep --summary")),
            }
        }
        Ok(options)
    }
}

fn run(options: &Options) -> Result<Vec<Outcome>, String> {
    let places = Places::find()?;
    builds::everything(&places, &options.names)?;
    let waiting = Mutex::new(options.names.clone());
    let outcomes = Mutex::new(Vec::new());
    let next = || waiting.lock().expect("nobody panics").pop();
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(name) = next() {
                    println!("{name} runs for {} s, log {}", options.time.as_secs(), places.log(name).display());
                    let outcome = round::play(&places, name, options.time, options.keeps);
                    outcomes.lock().expect("nobody panics").push((name, outcome));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().expect("nobody panics");
    let mut all = outcomes.into_iter().map(|(name, outcome)| outcome.map_err(|why| format!("{name}: {why}")));
    let mut all = all.by_ref().collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|outcome| options.names.iter().position(|name| *name == outcome.name));
    Ok(all)
}

fn main() -> ExitCode {
    let answer = Options::read(env::args().skip(1)).and_then(|options| {
        let outcomes = run(&options)?;
        let table = outcome::table(&outcomes);
        print!("\n{table}");
        if let Some(path) = &options.summary {
            fs::write(path, &table).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(outcomes.iter().any(|outcome| outcome.found.is_some()))
    });
    match answer {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}
