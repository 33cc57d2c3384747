//! A soak: servers under load with libhakmem.so preloaded, for minutes or hours. PASS when nothing failed and no
//! memory grows.
//!
//! ```text
//! part      what is run and asked: redis, python, threads, memcached     ──▶ stage    failures, counts
//!   │ one thread each                                                          │ who runs
//!   ▼                                                                          ▼
//! program   a process of theirs, its standard error, its end               watch      /proc, once a second
//!                                                                              │ lives
//!                                     report, picture   ◀── verdict   ◀────────┘
//! ```
//!
//! `cargo soak --help` tells what there is; benches/README.md what PASS means.

mod client;
mod known;
mod library;
mod life;
mod memcached;
mod options;
mod part;
mod picture;
mod program;
mod redis;
mod report;
mod scratch;
mod slope;
mod stage;
mod ticking;
#[path = "../tool.rs"]
mod tool;
mod verdict;
mod watch;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Parser;

use crate::life::Lives;
use crate::options::Options;
use crate::part::Part;
use crate::stage::Stage;
use crate::verdict::Verdict;

/// Between two looks at all processes.
const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let options = Options::parse();
    match soak(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("hakmem-soak: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all parts at once to the end of the time, and says whether all is well.
fn soak(options: &Options) -> Result<bool, String> {
    let library = library::find(options.library.as_deref())?;
    let mut stage = Stage::new(&library, options.length()).map_err(|error| format!("a temporary folder: {error}"))?;
    let (parts, skipped) = present(options.parts());
    if parts.is_empty() {
        return Err("there is nothing to run".into());
    }
    parts.iter().try_for_each(|part| part.prepare(&stage))?;
    stage.begin();
    let stage = stage;
    let lives = thread::scope(|scope| {
        let drivers: Vec<_> = parts.iter().flat_map(|part| part.drivers(&stage)).collect();
        let drivers: Vec<_> = drivers.into_iter().map(|driver| scope.spawn(driver)).collect();
        let mut lives = Lives::default();
        while !drivers.iter().all(|driver| driver.is_finished()) {
            watch::look(&stage, &mut lives);
            progress(&format!("{} of {} s, {}", stage.seconds() as u64, stage.length.as_secs(), lives.now()));
            thread::sleep(SECOND.saturating_sub(stage.since_look(SECOND)));
        }
        progress("");
        lives
    });
    let verdict = Verdict::of(&lives, stage.seconds().min(stage.length.as_secs_f64()), stage.failures());
    let path = report::publish(options, &library, &stage, &lives, &verdict, &skipped)
        .map_err(|error| format!("benches/results: {error}"))?;
    println!("\nwritten: {}.* (csv, md, svg)", path.display());
    println!("{}", verdict.word());
    Ok(verdict.passes())
}

/// Those whose programs are installed, and why the others are left out.
fn present(parts: Vec<Part>) -> (Vec<Part>, Vec<String>) {
    let (mut present, mut skipped) = (Vec::new(), Vec::new());
    for part in parts {
        match part.needs().iter().find(|program| !program::is_installed(program)) {
            None => present.push(part),
            Some(program) => {
                let words = format!("skipped: {part}: {program} is not installed");
                eprintln!("{words}");
                skipped.push(words);
            }
        }
    }
    (present, skipped)
}

/// Overwrites the last line of a terminal.
fn progress(words: &str) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K{words}");
    }
}
