//! Programs that have the allocator inside, or that were optimised as far as it goes.

use crate::child::{command, find, run, skipped};
use crate::compiled::Compiled;
use crate::library::library;
use crate::plugins::linked;

const ASKED_FOR: [&str; 3] = ["absent cfree", "absent free_sized", "absent free_aligned_sized"];

const CASES: [(&str, usize); 2] = [("entry_points.c", 28), ("edges.c", 25)];

/// The test programs with libhakmem.a inside: every case, and it is ours that serves.
fn with_the_archive(flags: &[&str]) {
    let archive = library().shared.with_extension("a");
    if !library().is_ours_or_skip("libhakmem.a") {
        return;
    }
    let flags = [flags, &[archive.to_str().expect("a plain path")]].concat();
    for (source, cases) in CASES {
        let Some(program) = Compiled::new(source, &flags) else { return };
        let outcome = program.run(&[], false, 60);
        let text = outcome.text();
        // What a loader is asked for by name, there being none, or no table of names.
        let wrong = text.lines().find(|line| !line.starts_with("ok ") && !ASKED_FOR.contains(line));
        assert_eq!(wrong, None, "{source}, {flags:?}");
        assert_eq!((outcome.code(), text.lines().count()), (0, cases), "{source}, {flags:?}: {}", outcome.stderr);
    }
    // Forks and threads reach the C library's own parts that know its malloc.
    let Some(program) = Compiled::new("forks.c", &flags) else { return };
    let outcome = program.run(&[], false, 120);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{flags:?}: {}", outcome.stderr);
    let mut banner = command(program.path());
    let outcome = run(banner.env("HAKMEM_VERBOSE", "1").arg("3"), 120);
    library().assert_served(&outcome.stderr);
}

#[test]
fn a_program_with_the_archive() {
    with_the_archive(&[]);
}

#[test]
fn a_static_program() {
    with_the_archive(&["-static"]);
}

#[test]
fn a_static_program_that_can_be_anywhere() {
    with_the_archive(&["-static-pie"]);
}

/// The compiler may drop a pair of calls, or make one of two; what is left is ours.
#[test]
fn a_program_optimised_as_a_whole() {
    for flags in [&["-O2", "-flto", "-fbuiltin"][..], &["-O3", "-flto", "-fbuiltin", "-D_FORTIFY_SOURCE=2"]] {
        for (source, cases) in CASES {
            let Some(program) = Compiled::new(source, flags) else { return };
            let outcome = program.run(&[], true, 60);
            library().assert_served(&outcome.stderr);
            let text = outcome.text();
            let wrong: Vec<_> = text.lines().filter(|line| !line.starts_with("ok ")).collect();
            // A failed request whose block nobody uses may be dropped; glibc's own answer is then dropped, too.
            let bare = program.run(&[], false, 60).text();
            let same = wrong.iter().all(|line| bare.lines().any(|other| other == *line));
            assert!(same && text.lines().count() == cases, "{source}, {flags:?}: {wrong:?}");
        }
    }
}

#[test]
fn a_fortified_program_uses_all_that_there_is() {
    let flags = ["-O2", "-fbuiltin", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"];
    let Some(program) = Compiled::new("fortified.c", &flags) else { return };
    assert_eq!(program.succeeds(&[], 60).text(), "done\n");
}

const BUSY: &str = "50 words, 8388669 bytes, 2\n1 superslabs\n";

#[test]
fn a_rust_program_optimised_as_a_whole() {
    let program = linked("program", &["--bin", "busy"], "busy");
    for served in [false, true] {
        let mut busy = command(&program);
        if served {
            library().preload(&mut busy);
        }
        let outcome = run(&mut busy, 60);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, BUSY), "{}", outcome.stderr);
    }
}

/// What std calls while it allocates, and allocates while it calls, differs from one version to the next.
#[test]
fn a_rust_program_of_each_toolchain() {
    let Some(rustup) = find("rustup") else { return skipped("rustup is not installed") };
    let list = run(command(rustup).args(["toolchain", "list"]), 20).text();
    for toolchain in ["stable", "1.95.0", "nightly"] {
        if list.lines().any(|line| line.starts_with(toolchain)) {
            let program = linked(toolchain, &[&format!("+{toolchain}"), "--bin", "busy"], "busy");
            let outcome = run(&mut command(program), 60);
            assert_eq!((outcome.code(), outcome.text().as_str()), (0, BUSY), "{toolchain}: {}", outcome.stderr);
        }
    }
}
