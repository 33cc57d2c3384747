//! Compares allocators: workloads, and the runner that measures them interleaved.
//!
//! ```text
//! runner   rounds × contenders × subjects          ──▶ grid ──▶ report   tables, CSV, Markdown
//!   │ a child process each, LD_PRELOAD                     ├──▶ plot     pictures
//!   ├──▶ workload   a loop, through the C symbols          └──▶ bounds   what --check holds us to
//!   └──▶ program    a real program, as a whole
//! ```
//!
//! Beside the runner, `trace` counts system calls and `instructions` what its name says. `cargo bench-all --help`
//! tells what there is; benches/README.md how to read it.

mod bounds;
mod child;
mod contender;
mod grid;
mod instructions;
mod machine;
mod options;
mod placing;
mod plot;
mod program;
mod report;
mod request;
mod runner;
mod sample;
mod settling;
mod standing;
mod statistics;
mod subject;
mod tool;
mod trace;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::options::Options;
use crate::request::Request;
use crate::workload::Workload;

const EXAMPLES: &str = "\
Examples:
  cargo bench-all                                       every workload, every contender, 10 rounds
  cargo bench-all --programs                            every real program instead
  cargo bench-all --all --instructions --check          everything, and whether the bounds hold
  cargo bench-all --only pair,redis --contenders glibc,hakmem --rounds 3 --steps 0.1";

/// Compares hakmem with other allocators, interleaved, each run in a process of its own.
///
/// Measured are workloads (loops over malloc in a process of this program) and real programs. A contender is
/// preloaded by LD_PRELOAD; the program rust is built with each. What came of it goes to stdout and to files in
/// benches/results.
#[derive(Parser, Debug)]
#[command(name = "hakmem-benches", bin_name = "cargo bench-all", args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
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
        /// Threads instead of the workload's own number (larson and exchange only).
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
        threads: Option<u8>,
        /// Reads the memory once more 2 s after the end.
        #[arg(long)]
        later: bool,
    },
}

fn main() -> ExitCode {
    if let Some(request) = Request::parse(std::env::args().skip(1)) {
        println!("{}", request.run());
        return ExitCode::SUCCESS;
    }
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
    let instructions = instructions::count(options, &contenders);
    match report::publish(options, &machine, &contenders, &grid, &calls, &instructions) {
        Ok(path) => println!("\nwritten: {}.* (csv, md, svg)", path.display()),
        Err(error) => {
            eprintln!("hakmem-benches: benches/results: {error}");
            return ExitCode::FAILURE;
        }
    }
    if !options.check {
        return ExitCode::SUCCESS;
    }
    let run = bounds::Run { options, grid: &grid, calls: &calls, instructions: &instructions };
    let missed = bounds::missed(&run);
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
