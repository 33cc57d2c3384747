//! `cargo model`: every lock-free piece of the allocator through all interleavings of a few threads, by loom.
//!
//! ```text
//! cargo model                       all models, two at a time; ends with 0 if all hold
//! cargo model --only mailbox,fork   those whose names begin so
//! cargo model --list                what each holds
//! ```
//! The source is the core's own; `seam` says how it gets under loom. README.md has the table of properties.

mod arena;
mod check;
mod land;

mod models;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use clap::Parser;

use check::Model;

/// Runs the models.
#[derive(Parser)]
struct Arguments {
    /// Only models whose names begin so.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Names each model and what it holds, and runs none.
    #[arg(long)]
    list: bool,
    /// Ends with the first that does not hold.
    #[arg(long)]
    fail_fast: bool,
    /// Most preemptions, whatever a model says.
    #[arg(long)]
    bound: Option<usize>,
    /// Models at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let is_wanted = |model: &&Model| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| model.name.starts_with(name.as_str()))
    };
    let models: Vec<&Model> = models::all().iter().copied().flatten().filter(is_wanted).collect();
    if arguments.list {
        models.iter().for_each(|model| println!("{:<28} {}", model.name, model.holds));
        return ExitCode::SUCCESS;
    }
    check::be_quiet();
    let (next, failed, out) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(()));
    let work = || {
        while let Some(model) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
            if arguments.fail_fast && failed.load(Ordering::Relaxed) {
                return;
            }
            let outcome = check::run(model, arguments.bound);
            let _turn = out.lock();
            println!("{outcome}");
            if outcome.broken.is_some() {
                failed.store(true, Ordering::Relaxed);
                if arguments.fail_fast {
                    std::process::exit(1);
                }
            }
        }
    };
    thread::scope(|scope| (0..arguments.jobs.max(1)).for_each(|_| drop(scope.spawn(work))));
    let failed = models.is_empty() || failed.into_inner();
    println!("{}", if failed { "FAIL" } else { "PASS" });
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
