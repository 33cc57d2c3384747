//! `cargo mutate`: applies each mutation of `mutations.txt` to a copy of the tree, builds it and asks the models, and
//! where they hold, the tests that are quick, whether they notice.
//!
//! ```text
//! cargo mutate                      all; ends with 0 if 95 % are killed and no survivor is unexplained
//! cargo mutate --only 3,17          these
//! cargo mutate --every 12           each twelfth
//! cargo mutate --check              only whether each text is found once
//! ```
//! A mutant is built in one folder, so that only what changed is. `tests/loom/target/mutants` is removed by nobody:
//! the next run goes on from what it has built.

mod ground;
mod list;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use ground::{Ground, Verdict};
use list::Mutation;

/// Least share of killed mutants, in percent.
const BAR: usize = 95;

/// Runs the mutations.
#[derive(Parser)]
struct Arguments {
    /// Only these numbers.
    #[arg(long, value_delimiter = ',')]
    only: Vec<usize>,
    /// Each so manyth only.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Only looks whether each text is found once.
    #[arg(long)]
    check: bool,
    /// Without the tests of the main workspace: models alone.
    #[arg(long)]
    models_only: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (root, mutations) = (ground::root(), list::read());
    let stale: Vec<String> = mutations.iter().filter_map(|mutation| mutation.stale(&root)).collect();
    if !stale.is_empty() {
        stale.iter().for_each(|line| eprintln!("{line}"));
        eprintln!("FAIL: {} mutations are stale", stale.len());
        return ExitCode::FAILURE;
    }
    println!("{} mutations, each text is found once", mutations.len());
    if arguments.check {
        return ExitCode::SUCCESS;
    }
    let is_wanted = |mutation: &&Mutation| {
        let listed = arguments.only.is_empty() || arguments.only.contains(&mutation.number);
        listed && mutation.number.is_multiple_of(arguments.every.max(1))
    };
    let ground = Ground::new(&root, arguments.models_only);
    if let Some(broken) = ground.unchanged() {
        eprintln!("FAIL: without a mutation {broken}");
        return ExitCode::FAILURE;
    }
    let (mut killed, mut excused, mut survived) = (0usize, 0usize, 0usize);
    let (mut unexplained, mut unbuilt) = (0usize, 0usize);
    for mutation in mutations.iter().filter(is_wanted) {
        let begun = Instant::now();
        let verdict = ground.judge(mutation);
        let word = match (&verdict, &mutation.excuse) {
            (Verdict::Killed(by), None) => {
                killed += 1;
                format!("killed by {by}")
            }
            (Verdict::Killed(by), Some(_)) => {
                killed += 1;
                format!("killed by {by}, although excused: strike the excuse")
            }
            (Verdict::Survived, Some(excuse)) => {
                excused += 1;
                format!("lives: {excuse}")
            }
            (Verdict::Survived, None) => {
                survived += 1;
                let why = mutation.blind.as_deref().unwrap_or("unexplained");
                unexplained += usize::from(mutation.blind.is_none());
                format!("SURVIVED: {why}")
            }
            (Verdict::Unbuilt(words), _) => {
                unbuilt += 1;
                format!("DOES NOT BUILD: {words}")
            }
        };
        println!(
            "{:>3} {}: {}\n      {word} ({:.0} s)",
            mutation.number,
            mutation.file,
            mutation.weakens,
            begun.elapsed().as_secs_f64()
        );
    }
    let judged = killed + survived;
    let share = (killed * 100).checked_div(judged).unwrap_or(100);
    println!("killed {killed} of {judged}: {share} %; {survived} survived, {unexplained} of them unexplained");
    println!("beside these {excused} equivalent ones live, and {unbuilt} do not build");
    if survived * 100 > judged * (100 - BAR) || unexplained + unbuilt > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
