//! Compares allocators: workloads, and the runner that measures them interleaved.
//!
//! ```text
//! runner   rounds × contenders × workloads      ──▶ report   table, CSV, Markdown
//!   │ a child process each, LD_PRELOAD               bounds   what --check holds us to
//!   ▼
//! workload the loop, through the C symbols      ──▶ sample   one line of numbers
//! ```
//!
//! `cargo bench-all` measures everything, `cargo bench-all --check` says whether the bounds hold.

mod bounds;
mod contender;
mod machine;
mod report;
mod runner;
mod sample;
mod standing;
mod statistics;
mod trace;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::contender::ContenderName;
use crate::workload::Workload;

/// Compares hakmem with other allocators, interleaved, each run in a process of its own.
#[derive(Parser, Debug)]
#[command(name = "hakmem-benches", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand, Debug)]
enum Role {
    /// Runs one workload in this process and prints one line of numbers.
    Workload {
        /// Which one.
        name: Workload,
        /// Steps instead of the workload's own number.
        #[arg(long)]
        steps: Option<u64>,
        /// Threads instead of the workload's own number (larson only).
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
        threads: Option<u8>,
        /// Reads the memory once more 2 s after the end.
        #[arg(long)]
        later: bool,
    },
}

/// What the runner is asked for.
#[derive(clap::Args, Debug)]
struct Options {
    /// Measured rounds; one round of warm-up goes before them.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only these workloads, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "WORKLOAD")]
    only: Vec<Workload>,
    /// Only these contenders, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CONTENDER")]
    contenders: Vec<ContenderName>,
    /// Factor on every workload's number of steps, for short runs.
    #[arg(long, default_value_t = 1.0, value_name = "SCALE")]
    steps: f64,
    /// Name of the files written to benches/results; the date by default.
    #[arg(long)]
    name: Option<String>,
    /// The library to measure as hakmem; it is not built then.
    #[arg(long, value_name = "PATH")]
    hakmem: Option<PathBuf>,
    /// Measures the libraries as they are, without building them.
    #[arg(long)]
    no_build: bool,
    /// Exits with 1 and names each bound missed by hakmem.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Workload { name, steps, threads, later }) => {
            let steps = steps.unwrap_or(name.default_steps());
            let sample = if later { name.run_and_wait(steps, threads) } else { name.run(steps, threads) };
            println!("{sample}");
            ExitCode::SUCCESS
        }
        None => compare(&arguments.options),
    }
}

/// Measures, reports, and checks where asked to.
fn compare(options: &Options) -> ExitCode {
    let machine = machine::Machine::read();
    let contenders = contender::find(options);
    let grid = runner::measure(options, &contenders);
    let calls = trace::count(options, &contenders);
    match report::publish(options, &machine, &contenders, &grid, &calls) {
        Ok(path) => println!("\nwritten: {0}.csv and {0}.md", path.display()),
        Err(error) => {
            eprintln!("hakmem-benches: benches/results: {error}");
            return ExitCode::FAILURE;
        }
    }
    if !options.check {
        return ExitCode::SUCCESS;
    }
    let missed = bounds::missed(&options.selection(), &grid);
    if missed.is_empty() {
        println!("every bound holds");
        return ExitCode::SUCCESS;
    }
    println!();
    for bound in missed {
        println!("MISSED: {bound}");
    }
    ExitCode::FAILURE
}

impl Options {
    /// The workloads asked for: all where none is named.
    fn selection(&self) -> Vec<Workload> {
        use clap::ValueEnum;
        if self.only.is_empty() { Workload::value_variants().to_vec() } else { self.only.clone() }
    }
}
