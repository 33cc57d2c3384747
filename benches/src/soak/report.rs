//! The tables on stdout, every look as CSV, the Markdown and the picture beside it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::library::Library;
use crate::life::{Life, Lives, Look};
use crate::options::Options;
use crate::picture;
use crate::slope::median;
use crate::stage::Stage;
use crate::tool::first_line;
use crate::verdict::{Finding, Verdict};

const HEADER: &str = "second,process,turn,child,pid,rss_kb,peak_kb,threads,mappings\n";

/// Prints, writes the files, and gives back their path without the extension.
pub(crate) fn publish(
    options: &Options,
    library: &Library,
    stage: &Stage,
    lives: &Lives,
    verdict: &Verdict,
    skipped: &[String],
) -> io::Result<PathBuf> {
    let mut tables = processes(lives) + &findings(verdict) + &counts(stage);
    for words in skipped {
        tables += &format!("\n{words}\n");
    }
    for words in &verdict.failures {
        tables += &format!("\nFAILED: {words}\n");
    }
    print!("{tables}");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&folder)?;
    let name = options.name.clone().unwrap_or_else(|| format!("soak-{}", now("+%F")));
    // A path of its own replaces the folder.
    let path = |extension| folder.join(format!("{name}.{extension}"));
    let heading = heading(&name, library, stage, verdict);
    fs::write(path("csv"), csv(lives))?;
    fs::write(path("md"), heading + &tables)?;
    let title = format!("Resident memory in a soak of {} min: {}", options.minutes, verdict.word());
    let subtitle = format!("{} · {} · blue: forked children", now("+%F %R"), library.words);
    fs::write(path("svg"), picture::svg(lives, &title, &subtitle).map_err(io::Error::other)?)?;
    Ok(folder.join(name))
}

fn now(format: &str) -> String {
    first_line(Command::new("date").arg(format)).unwrap_or("undated".into())
}

fn heading(name: &str, library: &Library, stage: &Stage, verdict: &Verdict) -> String {
    let name = Path::new(name).file_name().unwrap_or_default().display();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let machine = [
        ("date", Some(now("+%F %T %Z"))),
        ("kernel", fs::read_to_string("/proc/sys/kernel/osrelease").ok()),
        ("cores", std::thread::available_parallelism().ok().map(|cores| cores.to_string())),
        ("load at the end", fs::read_to_string("/proc/loadavg").ok()),
        ("huge pages", fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok()),
    ];
    let mut text = format!("# {name}: {}\n\n", verdict.word());
    text += &format!("* command: `{}`\n", format!("cargo soak {}", arguments.join(" ")).trim_end());
    text += &format!("* library: {}\n* ran for {:.0} s\n", library.words, stage.seconds());
    for (what, words) in machine {
        text += &format!("* {what}: {}\n", words.unwrap_or("unknown".into()).trim());
    }
    text + "\nWhat must hold stands in benches/README.md. Every look is in the CSV beside this file.\n\n"
}

fn processes(lives: &Lives) -> String {
    let mut text = String::from(
        "| process | how many | looks | RSS kB, median | peak kB | threads, most | mappings, most |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for name in lives.names() {
        let all: Vec<&Life> = lives.named(&name).collect();
        let looks = || all.iter().flat_map(|life| &life.looks);
        let most = |number: fn(&Look) -> u64| looks().map(number).max().unwrap_or_default();
        let middle = median(looks().map(|look| look.rss_kb as f64).collect()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {middle:.0} | {} | {} | {} |",
            all.len(),
            looks().count(),
            most(|look| look.peak_kb),
            most(|look| look.threads),
            most(|look| look.mappings),
        );
    }
    text
}

fn findings(verdict: &Verdict) -> String {
    let mut text = String::from("\n| process | what | level | rise | at most | |\n|---|---|---:|---:|---:|---|\n");
    for finding in &verdict.findings {
        let Finding { name, what, level, rise, bound } = finding;
        let word = if finding.holds() { "holds" } else { "GROWS" };
        let _ = writeln!(text, "| {name} | {what} | {level:.0} | {rise:.0} | {bound:.0} | {word} |");
    }
    text
}

fn counts(stage: &Stage) -> String {
    let mut text = String::from("\n| process | what was done | how often |\n|---|---|---:|\n");
    for (role, what, times) in stage.counts() {
        let _ = writeln!(text, "| {role} | {what} | {times} |");
    }
    text
}

fn csv(lives: &Lives) -> String {
    let mut csv = String::from(HEADER);
    for life in &lives.0 {
        let (name, turn, child, process) = (life.role.name, life.turn, u8::from(life.is_child), life.process);
        for Look { second, rss_kb, peak_kb, threads, mappings } in &life.looks {
            let _ =
                writeln!(csv, "{second:.1},{name},{turn},{child},{process},{rss_kb},{peak_kb},{threads},{mappings}");
        }
    }
    csv
}
