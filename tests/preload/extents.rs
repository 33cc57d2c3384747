//! The large and the many: sizes, alignments, growth, dumps, generations of threads.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::child::{command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;

fn done(source: &str, arguments: &[&str]) {
    let Some(program) = Compiled::new(source, &[]) else { return };
    assert_eq!(program.succeeds(arguments, 300).text(), "done\n", "{source}");
}

#[test]
fn what_is_large_is_served() {
    let Some(program) = Compiled::new("extents.c", &[]) else { return };
    let (bare, served) = (program.run(&[], false, 120), program.run(&[], true, 120));
    for (outcome, who) in [(&bare, "without us"), (&served, "with us")] {
        let text = outcome.text();
        assert!(text.lines().all(|line| line.starts_with("ok ")), "{who}: {text}");
        assert_eq!((outcome.code(), text.lines().count()), (0, 5), "{who}: {text}{}", outcome.stderr);
    }
    let grew = |stderr: &str| stderr.lines().find(|line| line.starts_with("grew to ")).map(str::to_owned);
    assert_eq!(grew(&served.stderr), grew(&bare.stderr), "growth ends elsewhere");
}

/// Sizes that have passed, and frames of which all come and go together: no page is touched anew each time.
#[test]
fn large_blocks_that_come_and_go_are_kept() {
    let Some(program) = Compiled::new("large.c", &[]) else { return };
    if !library().is_ours_or_skip("large blocks") {
        return;
    }
    for (what, most_faults) in [("grow", 1_000), ("frames", 50_000)] {
        let text = program.succeeds(&[what], 120).text();
        let faults = text.split(' ').nth(2).and_then(|number| number.parse::<u64>().ok());
        assert!(faults.is_some_and(|faults| faults < most_faults), "{what}: {text}");
    }
}

#[test]
fn a_tagged_pointer_is_named() {
    let Some(program) = Compiled::new("extents.c", &[]) else { return };
    if library().is_ours_or_skip("misuse") {
        let outcome = program.run(&["tagged"], true, 20);
        let said = outcome.stderr.lines().last().unwrap_or_default();
        assert!(said.starts_with("hakmem: invalid free: not from this allocator of 0xb4"), "{said}");
    }
}

#[test]
fn a_dump_is_as_large_as_what_was_used() {
    const MOST_BYTES: u64 = 100 << 20;
    let Some(program) = Compiled::new("crash.c", &[]) else { return };
    let (Some(bash), Ok(pattern)) = (find_or_skip("bash"), fs::read_to_string("/proc/sys/kernel/core_pattern")) else {
        return;
    };
    // Elsewhere a program of the system's takes it.
    if pattern.trim() != "core" {
        return;
    }
    let mut shell = command(bash);
    let line = "ulimit -c unlimited && LD_PRELOAD=$0 ./program; exit 0";
    shell.args(["-c", line]).arg(&library().shared).current_dir(program.path().with_file_name(""));
    let outcome = run(&mut shell, 60);
    let folder = fs::read_dir(program.path().with_file_name("")).expect("scratch can be read");
    let core = folder.filter_map(Result::ok).find(|file| file.file_name().to_string_lossy().starts_with("core"));
    let size = core.unwrap_or_else(|| panic!("no core: {}", outcome.stderr)).metadata().expect("it is there").size();
    assert!((30 << 20..MOST_BYTES).contains(&size), "a dump of {size} bytes");
}

#[test]
fn a_hundred_thousand_threads_leave_nothing() {
    done("generations.c", &["100000"]);
}

#[test]
fn what_sleepers_took_serves_who_comes() {
    done("sleeper.c", &[]);
}

#[test]
fn long_jumps_out_of_handlers() {
    done("longjumps.c", &[]);
}

#[test]
fn calls_before_main() {
    let Some(program) = Compiled::new("early.c", &[]) else { return };
    for now in [false, true] {
        let mut early = command(program.path());
        library().preload(&mut early);
        if now {
            early.env("LD_BIND_NOW", "1");
        }
        let outcome = run(&mut early, 20);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "kept 2 7\n"), "{}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}
