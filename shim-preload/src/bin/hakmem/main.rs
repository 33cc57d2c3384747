//! The program `hakmem`: runs others with libhakmem.so, tells beforehand whether that will work, and shows
//! what it brings.
//!
//! | file | noun |
//! |---|---|
//! | [`run`] | a program with the library preloaded, and the proof |
//! | [`verdict`] | whether the preload will take effect, from the file alone |
//! | [`check`] | what `check` prints |
//! | [`program`] | the file behind a word: `PATH`, scripts |
//! | [`elf`] | what an executable's file says |
//! | [`inventory`] | what `check` prints about a library |
//! | [`object`] | what a shared library's file holds |
//! | [`label`] | what libhakmem.so says of itself in its file |
//! | [`section`] | a named part of an ELF file |
//! | [`image`] | the bytes of a file, every offset checked |
//! | [`privilege`] | rights that a file gives |
//! | [`library`] | where libhakmem.so is |
//! | [`signals`] | passed on to the child |
//! | [`demonstration`] | allocators side by side |
//! | [`workload`] | what they are measured with |
//! | [`chart`] | the table's bars |
//! | [`health`] | PASS or FAIL for each thing that must hold |
//! | [`piece`] | a part of either, in a process of its own |
//! | [`block`] | one from this process's malloc |
//! | [`output`] | lines on stdout and stderr |
//! | [`dice`] | numbers that look random |
//! | [`memory`] | what the kernel says of this process's |

mod block;
mod chart;
mod check;
mod demonstration;
mod dice;
mod elf;
mod health;
mod image;
mod inventory;
mod label;
mod library;
mod memory;
mod object;
mod output;
mod piece;
mod privilege;
mod program;
mod run;
mod section;
mod signals;
mod verdict;
mod workload;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::{complain, say};

/// HAKMEM, a memory allocator, under programs that know nothing of it.
///
/// Without a command: a demonstration of about 10 seconds, real work under glibc's malloc and under hakmem.
#[derive(Parser)]
#[command(name = "hakmem", version, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a program with libhakmem.so preloaded, and makes sure that it is
    ///
    /// The exit code is the program's own, or 128 + the signal that killed it;
    /// 125 if the library was not found, 126 if the program cannot be started or
    /// --strict refused it, 127 if there is no such program.
    #[command(verbatim_doc_comment, after_help = RUN_EXAMPLES)]
    Run {
        /// Print a table on stderr when the program ends (HAKMEM_STATS=1)
        #[arg(long)]
        stats: bool,
        /// Print a line on stderr when the program starts (HAKMEM_VERBOSE=1)
        #[arg(long)]
        verbose: bool,
        /// Do not run the program if the preload does not take effect: exit with 126
        #[arg(long)]
        strict: bool,
        /// Change a setting, such as purge_delay_ms=0; may be repeated (HAKMEM_CONF)
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = run::Setting::parse)]
        settings: Vec<run::Setting>,
        /// The program and its arguments, as you would type them without hakmem
        #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
        words: Vec<OsString>,
    },
    /// Tells whether the preload takes effect in a program, and if not, why and what to do;
    /// of a libhakmem.so, what was built
    ///
    /// Exit code 0: it takes effect in all of them. 1: not in one, or a library is not ours.
    /// 2: one cannot be found or read.
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// A path, a name that is searched in PATH, or the path of a library (its file is read, not loaded)
        #[arg(required = true, value_name = "PROGRAM")]
        programs: Vec<OsString>,
    },
    /// Measures libhakmem.so on this machine
    Bench {
        #[command(subcommand)]
        bench: Bench,
    },
    /// Does one piece of the demonstration's work: prints nanoseconds and bytes
    #[command(hide = true)]
    Workload {
        /// Which
        name: String,
        /// The library that must be in the process
        #[arg(long)]
        with: Option<String>,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// Says PASS or FAIL for each thing that must hold, in about 10 seconds
    ///
    /// Exit code 0: all pass. 1: one fails. 2: one could not be run.
    #[command(after_help = HEALTH_EXAMPLES)]
    Health {
        /// These alone; may be repeated, or several with commas between
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        only: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

const EXAMPLES: &str = "\
Examples:
  hakmem                               the demonstration
  hakmem run -- python3 job.py         a program under hakmem
  hakmem run --stats -- ls -l          the same, with a table at its end
  hakmem check redis-server            will it work?
  hakmem bench health                  does it do what it should, on this machine?

libhakmem.so is looked for at HAKMEM_LIBRARY, beside this program, and in ../lib.
Without this program: LD_PRELOAD=/path/to/libhakmem.so PROGRAM";

const RUN_EXAMPLES: &str = "\
Examples:
  hakmem run -- python3 job.py
  hakmem run --stats -- make -j8
  hakmem run --set purge_delay_ms=0 --set harden=double_free -- ./server
  hakmem run --strict -- ./server      rather not at all than without hakmem";

const CHECK_EXAMPLES: &str = "\
Examples:
  hakmem check /bin/ls
  hakmem check python3 ./server && hakmem run -- ./server
  hakmem check ./libhakmem.so          version, settings, hash, sizes, symbols";

const HEALTH_EXAMPLES: &str = "\
Examples:
  hakmem bench health
  hakmem bench health --only misuse,fork,threads_1000
  HAKMEM_LIBRARY=./libhakmem.so hakmem bench health --json";

fn main() -> ExitCode {
    if let Some(code) = health::probe() {
        return ExitCode::from(code);
    }
    let code = match Line::parse().command {
        None => demonstration::demonstrate(),
        Some(Command::Run { stats, verbose, strict, settings, words }) => {
            run::run(&words, &run::Wishes { stats, verbose, strict, settings: &settings })
        }
        Some(Command::Check { programs }) => check::check(&programs),
        Some(Command::Bench { bench: Bench::Health { only, json } }) => {
            health::judge(&health::Wishes { only: &only, json })
        }
        Some(Command::Workload { name, with }) => work(&name, with.as_deref()),
    };
    ExitCode::from(code)
}

fn work(name: &str, with: Option<&str>) -> u8 {
    if let Some(library) = with.filter(|library| !library::is_loaded(Path::new(library))) {
        complain(&format!("{library} is not in the process; LD_DEBUG=libs shows what the loader does"));
        return 1;
    }
    match workload::measure(name) {
        Ok(cost) => {
            say(&cost.to_line());
            0
        }
        Err(why) => {
            complain(&why);
            1
        }
    }
}
