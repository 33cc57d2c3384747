//! Measures allocators for firmware: on the machine code, under QEMU, by one command.
//!
//! ```text
//! options                        what is asked for
//! report bounds against          what is written, what ours must reach, what it reached before
//! rows                           the table, line by line
//! measure                        one contender on one target
//! firmware emulator              a program built, a program run
//! toolchain elf versions         what is installed, what is in a file
//! contender target figures       who, where, what
//! ```

mod against;
mod bounds;
mod contender;
mod elf;
mod emulator;
mod figures;
mod firmware;
mod measure;
mod options;
mod report;
mod rows;
mod target;
mod toolchain;
mod versions;

use std::process::ExitCode;

use self::against::Earlier;
use self::figures::Figures;
use self::firmware::{Workshop, home};
use self::measure::Bench;
use self::options::Options;
use self::toolchain::Toolchain;

fn run(options: &Options) -> Result<bool, String> {
    // Before it is written: the name may be the same.
    let earlier = options.against.as_deref().map(|path| Earlier::read(path, options)).transpose()?;
    let mut figures = Figures::default();
    let mut toolchains = Vec::new();
    let emulator = emulator::find()?;
    for &target in &options.targets {
        let toolchain = Toolchain::find(target)?;
        eprintln!("{}: {}", target.name, toolchain.words);
        let workshop = Workshop { home: home(), toolchain: &toolchain, target };
        let bench = Bench::new(&workshop, &emulator)?;
        for &contender in &options.contenders {
            eprintln!("{}: {}", target.name, contender.name);
            bench.measure(contender, &mut figures)?;
        }
        toolchains.push(toolchain);
    }
    let bounds = bounds::all(options, &figures);
    let text = report::markdown(options, &toolchains, &emulator, &figures, &bounds)?;
    println!("{text}");
    if options.name.is_some() || options.is_everything() {
        report::write(options, &text, &figures)?;
    }
    let missed: Vec<_> = bounds.iter().filter(|bound| !bound.met).collect();
    for bound in &missed {
        eprintln!("missed: {}", bound.words);
    }
    let mut worse = Vec::new();
    if let Some(earlier) = &earlier {
        worse = earlier.complaints(options, &figures);
        eprintln!("{} figures compared, {} complaints", earlier.count(), worse.len());
    }
    for words in &worse {
        eprintln!("worse: {words}");
    }
    Ok((missed.is_empty() || !options.check) && worse.is_empty())
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::help());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", options::help());
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
