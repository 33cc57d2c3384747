//! What is printed and written.

use std::path::PathBuf;
use std::process::Command;

use crate::bounds::Bound;
use crate::emulator::Emulator;
use crate::figures::Figures;
use crate::firmware::{home, lock_file};
use crate::options::Options;
use crate::rows::{self, Cell};
use crate::target::Target;
use crate::toolchain::Toolchain;
use crate::{measure, versions};

/// The command, as it can be typed again.
fn command() -> String {
    let words: Vec<_> = std::env::args().skip(1).collect();
    format!("benches/firmware/run {}", words.join(" ")).trim_end().to_owned()
}

fn today() -> String {
    let date = Command::new("date").arg("+%F").output();
    date.map(|date| String::from_utf8_lossy(&date.stdout).trim().to_owned()).unwrap_or_default()
}

fn name(options: &Options) -> String {
    options.name.clone().unwrap_or_else(today)
}

/// With a space between thousands in place of nothing, for numbers that stand alone.
fn grouped(text: &str) -> String {
    let digits = text.len();
    if digits < 5 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut grouped = String::new();
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && (digits - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn table(options: &Options, target: Target, figures: &Figures) -> String {
    let contenders = &options.contenders;
    let mut text = format!("| {} |", target.triple);
    contenders.iter().for_each(|contender| text += &format!(" {} |", contender.name));
    text += "\n|---|";
    contenders.iter().for_each(|_| text += "---:|");
    text += "\n";
    for (headline, rows) in rows::all() {
        text += &format!("| **{headline}** |{}\n", " |".repeat(contenders.len()));
        for row in rows {
            text += &format!("| {} |", row.title);
            for contender in contenders {
                let cell = row.text(Cell { figures, target: target.name, contender: contender.name });
                let cell: Vec<_> = cell.split(' ').map(grouped).collect();
                text += &format!(" {} |", cell.join(" "));
            }
            text += "\n";
        }
    }
    text
}

/// Tests that gave no figures.
fn failures(options: &Options, figures: &Figures) -> String {
    let mut text = String::new();
    for target in &options.targets {
        for contender in &options.contenders {
            for test in measure::TESTS {
                if let Some(how) = figures.get(target.name, contender.name, test) {
                    text += &format!("* {}: {} {how} in the test `{test}`.\n", target.name, contender.name);
                }
            }
        }
    }
    text
}

fn standing(bounds: &[Bound]) -> String {
    let missed: Vec<_> = bounds.iter().filter(|bound| !bound.met).collect();
    let mut text = format!("{} of {} bounds of hakmem are met.\n", bounds.len() - missed.len(), bounds.len());
    missed.iter().for_each(|bound| text += &format!("* missed: {}\n", bound.words));
    text
}

pub(crate) fn markdown(
    options: &Options,
    toolchains: &[Toolchain],
    emulator: &Emulator,
    figures: &Figures,
    bounds: &[Bound],
) -> Result<String, String> {
    let versions = versions::of(&lock_file(&home()))?;
    let version = |package: &str| versions.iter().find(|(name, _)| name == package).map_or("?", |(_, found)| found);
    let mut text = format!("# Allocators for firmware, {}\n\n    {}\n\n", name(options), command());
    for (target, toolchain) in options.targets.iter().zip(toolchains) {
        text += &format!("* {} on {}: {}\n", target.triple, target.board, toolchain.words);
    }
    text += &format!(
        "* {}, -icount shift=7: SysTick counts instructions exactly; they are not cycles\n\
         * opt-level s, fat LTO, one codegen unit, panic abort; cortex-m {}, cortex-m-rt {}, critical-section {}\n\
         * flash and memory: beyond the same firmware with an allocator that refuses everything\n\
         * every call goes through `GlobalAlloc`, lock included; from its first instruction to its return\n\
         * the arena has 32,768 B and begins 16 B behind a multiple of 32,768; alignment 4 where none is named\n\
         * contenders: ",
        emulator.words,
        version("cortex-m"),
        version("cortex-m-rt"),
        version("critical-section"),
    );
    let contenders = options.contenders.iter().map(|contender| {
        format!("{} = {} {} {}", contender.name, contender.package, version(contender.package), contender.words)
    });
    text += &format!("{}\n\n", contenders.collect::<Vec<_>>().join("; "));
    for &target in &options.targets {
        text += &table(options, target, figures);
        text += "\n";
    }
    text += &failures(options, figures);
    text += &standing(bounds);
    Ok(text)
}

pub(crate) fn write(options: &Options, text: &str, figures: &Figures) -> Result<(), String> {
    let folder: PathBuf = home().join("../results");
    for (ending, text) in [("md", text), ("csv", &figures.csv())] {
        let path = folder.join(format!("firmware-{}.{ending}", name(options)));
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
