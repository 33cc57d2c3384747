//! A setting changes what it says, and nothing else: with each of them programs see the same surroundings, and say the
//! same, as without the library.

use std::fs;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::{library, workspace};

/// A value other than the default for each setting, but for those that speak.
const VALUES: [(&str, &str); 17] = [
    ("verbose", "0"),
    ("stats", "1"),
    ("harden", "double_free+zero+quarantine+random+guard_slabs+sizes"),
    ("on_fault", "report"),
    ("purge_delay_ms", "0"),
    ("large_cache_bytes", "0"),
    ("huge_pages", "0"),
    ("purge_thread", "1"),
    ("prewarm_bytes", "8M"),
    ("prewarm_blocks", "64"),
    ("off", "cold_threads+starters+growth+reserve+packing+remap+surplus"),
    ("quarantine_bytes", "64K"),
    ("pass_through", "1"),
    ("guard_rate", "1"),
    ("guard_slots", "16"),
    ("guard_side", "start"),
    ("crash_message", "1"),
];

/// Program and arguments; what it says depends on arguments and environment.
const PROGRAMS: [(&str, &[&str]); 6] = [
    ("git", &["-c", "user.name=me", "-c", "user.email=me@here", "var", "GIT_COMMITTER_IDENT"]),
    ("node", &["-e", "console.log(process.argv.length, process.title, process.env.MARK, process.execPath)", "x", "y"]),
    ("/usr/bin/python3", &["-c", "import os, sys; print(sys.argv, sys.orig_argv, os.environ['MARK'])", "x", "y"]),
    ("ruby", &["-e", "puts ARGV.inspect, $0, ENV['MARK'], RbConfig.ruby", "x", "y"]),
    ("redis-server", &["--version"]),
    ("perl", &["-e", "print \"@ARGV $0 $^X $ENV{MARK}\\n\"", "x", "y"]),
];

/// Names in the first column of the README's table of settings.
fn documented() -> Vec<String> {
    let text = fs::read_to_string(workspace().join("README.md")).expect("the README is there");
    let table = text.split("## Settings of the preload library").nth(1).expect("it has the section");
    let rows =
        table.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('`').nth(1)).map(str::to_owned).collect()
}

#[test]
fn every_setting_has_a_value_here() {
    let known: Vec<_> = VALUES.iter().map(|(name, _)| *name).chain(["oom_report"]).collect();
    assert_eq!(documented(), known);
}

fn with(command: &mut std::process::Command, setting: Option<(&str, &str)>, served: bool) -> Outcome {
    command.env("MARK", "here");
    // The same environment for both, but for the library.
    if let Some((name, value)) = setting {
        command.env(format!("HAKMEM_{}", name.to_uppercase()), value);
    }
    if served {
        command.env("LD_PRELOAD", &library().shared);
    }
    run(command, 60)
}

fn settings() -> impl Iterator<Item = Option<(&'static str, &'static str)>> {
    VALUES.into_iter().map(Some).chain([Some(("oom_report", "1")), None])
}

/// Found that a program with `guard_rate` had no environment: the C library was initialised too early.
#[test]
fn a_program_sees_the_same_surroundings() {
    let Some(program) = Compiled::new("surroundings.c", &[]) else { return };
    if !program.add("late.c", "late.so", &["-shared", "-fPIC"]) {
        return;
    }
    for setting in settings() {
        let seen = |served| {
            let mut command = command(program.path());
            command.args(["./late.so", "an argument", ""]).env("LD_BIND_NOW", "1").env("LD_LIBRARY_PATH", "/nowhere");
            let outcome = with(command.current_dir(program.path().parent().expect("a folder")), setting, served);
            (outcome.code(), outcome.text())
        };
        let bare = seen(false);
        assert!(bare.1.contains("library: 4 arguments") && bare.1.contains("MARK=here"), "{}", bare.1);
        assert_eq!(seen(true), bare, "{setting:?}");
    }
}

#[test]
fn real_programs_say_the_same_with_each_setting() {
    for (name, arguments) in PROGRAMS {
        let Some(path) = find_or_skip(name) else { continue };
        for setting in settings() {
            let said = |served| {
                let outcome =
                    with(command(&path).args(arguments).env("GIT_COMMITTER_DATE", "0 +0000"), setting, served);
                (outcome.code(), outcome.text())
            };
            assert_eq!(said(true), said(false), "{name}, {setting:?}");
        }
    }
}
