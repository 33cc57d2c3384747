//! A crash is told if it is ours, and goes on as if nobody had looked.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::child::{Outcome, command, find_or_skip, run, skipped};
use crate::compiled::Compiled;
use crate::library::library;
use crate::scratch::Scratch;

const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGSEGV: i32 = 11;

fn watched(program: &Compiled, case: &str) -> Command {
    let mut command = command(program.path());
    library().preload(command.arg(case)).env("HAKMEM_CRASH_MESSAGE", "1").env_remove("HAKMEM_GUARD_RATE");
    command
}

/// The lines behind the banner.
fn said(outcome: &Outcome) -> Vec<&str> {
    outcome.library_lines().into_iter().filter(|line| !line.contains(" serves process ")).collect()
}

#[test]
fn a_crash_in_the_allocator_names_operation_and_ground() {
    let Some(program) = Compiled::new("crashes.c", &[]) else { return };
    if !library().is_ours_or_skip("crash messages") {
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    let outcome = run(&mut watched(&program, "records"), 20);
    assert_eq!(outcome.status.signal(), Some(SIGSEGV));
    let lines = said(&outcome);
    let head = format!("hakmem: SIGSEGV in malloc, in the allocator ({version}): ");
    assert!(lines[0].starts_with(&head) && lines[0].ends_with(", in the allocator's records"), "{lines:#?}");
    assert!(lines[1].starts_with("hakmem:   in thread ") && lines.iter().any(|line| line.contains("/program+0x")));

    let outcome = run(&mut watched(&program, "copy"), 20);
    assert_eq!(outcome.status.signal(), Some(SIGSEGV));
    let (text, lines) = (outcome.text(), said(&outcome));
    let address = text.lines().next().expect("the address");
    let head =
        format!("hakmem: SIGSEGV in realloc, in the allocator ({version}): read of {address}, in a block in use of ");
    assert!(lines[0].starts_with(&head) && lines[0].ends_with(" bytes"), "{lines:#?}\n{head}");
}

#[test]
fn an_address_of_ours_where_nothing_is_is_told_in_a_line() {
    let Some(program) = Compiled::new("crashes.c", &[]) else { return };
    if !library().is_ours_or_skip("crash messages") {
        return;
    }
    let outcome = run(&mut watched(&program, "free"), 20);
    assert_eq!(outcome.status.signal(), Some(SIGSEGV));
    let text = outcome.text();
    let address = text.lines().next().expect("the address");
    let words = format!("hakmem: SIGSEGV: read of {address}, in free memory of the allocator's");
    assert_eq!(said(&outcome), [words]);
}

#[test]
fn everything_else_ends_as_without_us_and_without_a_word() {
    let Some(program) = Compiled::new("crashes.c", &[]) else { return };
    if !library().is_ours_or_skip("crash messages") {
        return;
    }
    let signals = [("null", SIGSEGV), ("stack", SIGSEGV), ("stack with its own", SIGSEGV), ("abort", SIGABRT)];
    // What lies far behind our blocks is nobody's.
    for (case, signal) in signals.into_iter().chain([("bus", SIGBUS), ("far", SIGSEGV)]) {
        let outcome = run(&mut watched(&program, case), 20);
        assert_eq!(outcome.status.signal(), Some(signal), "{case}: {}", outcome.stderr);
        assert!(said(&outcome).is_empty(), "{case}: {}", outcome.stderr);
    }
    for (case, code, text) in [("handler on its own stack", 7, "own\n"), ("recovers", 0, "recovered\nsurvived\n")] {
        let outcome = run(&mut watched(&program, case), 20);
        assert_eq!((outcome.code(), outcome.text().as_str()), (code, text), "{case}: {}", outcome.stderr);
        assert!(said(&outcome).is_empty(), "{case}: {}", outcome.stderr);
    }
}

#[test]
fn nothing_is_printed_by_default() {
    let Some(program) = Compiled::new("crashes.c", &[]) else { return };
    for case in ["records", "copy", "free", "null"] {
        let mut crash = watched(&program, case);
        let outcome = run(crash.env_remove("HAKMEM_CRASH_MESSAGE"), 20);
        assert_eq!(outcome.status.signal(), Some(SIGSEGV), "{case}");
        assert!(said(&outcome).is_empty(), "{case}: {}", outcome.stderr);
    }
}

/// A handler that was there first is called in its own way, with our words before.
#[test]
fn an_earlier_handler_gets_its_signal() {
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    if !library().is_ours_or_skip("crash messages") || !program.add("earlier.c", "earlier.so", &["-shared", "-fPIC"]) {
        return;
    }
    let mut command = command(program.path());
    library().preload(command.arg("read after free")).env("HAKMEM_GUARD_RATE", "1");
    command.env("LD_AUDIT", program.path().with_file_name("earlier.so"));
    let outcome = run(&mut command, 20);
    assert_eq!(outcome.code(), 9, "{}", outcome.stderr);
    assert!(outcome.text().ends_with("earlier, masked\n"), "{}", outcome.text());
    assert!(said(&outcome)[0].starts_with("hakmem: use after free: "), "{}", outcome.stderr);
}

#[test]
fn words_go_to_the_report_file_also_when_stderr_is_closed() {
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    let Some(shell) = find_or_skip("sh") else { return };
    if !library().is_ours_or_skip("crash messages") {
        return;
    }
    let folder = Scratch::new();
    let report = folder.join("report");
    let mut command = command(shell);
    let script =
        format!("LD_PRELOAD={} exec {} 'read after free' 2>&-", library().shared.display(), program.path().display());
    command.args(["-c", &script]).env("HAKMEM_GUARD_RATE", "1").env("HAKMEM_REPORT_FILE", &report);
    let outcome = run(&mut command, 20);
    assert_eq!((outcome.status.signal(), outcome.stderr.as_str()), (Some(SIGSEGV), ""));
    let text = fs::read_to_string(&report).expect("the report was written");
    assert!(text.starts_with("hakmem: use after free: read of "), "{text}");

    let outcome = run(command_of_echo().env("HAKMEM_REPORT_FILE", "/nowhere/at all"), 20);
    assert_eq!(outcome.stderr, "hakmem: report_file: '/nowhere/at all' cannot be written\n");
}

fn command_of_echo() -> Command {
    let mut echo = command("/bin/echo");
    echo.env("LD_PRELOAD", &library().shared);
    echo
}

#[test]
fn a_core_can_still_be_dumped() {
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.trim() != "core" {
        skipped(&format!("core dumps: the pattern is {}", pattern.trim()));
        return;
    }
    let Some(shell) = find_or_skip("sh") else { return };
    let folder = Scratch::new();
    let mut command = command(shell);
    let script = format!(
        "cd {} && ulimit -c unlimited && LD_PRELOAD={} exec {} 'read after free' core",
        folder.path().display(),
        library().shared.display(),
        program.path().display()
    );
    let outcome = run(command.args(["-c", &script]).env("HAKMEM_GUARD_RATE", "1"), 60);
    assert_eq!(outcome.status.signal(), Some(SIGSEGV), "{}", outcome.stderr);
    assert!(outcome.status.core_dumped(), "{}", outcome.stderr);
    let core = fs::read_dir(folder.path())
        .expect("it is there")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("core"));
    let bytes = core.expect("a core").metadata().expect("it has a size").len();
    assert!(bytes < 200 << 20, "{bytes} bytes");
}
