//! The program `hakmem`: runs others with the library, and says why it cannot.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::child::{Outcome, command, find, run, skipped};
use crate::compiled::Compiled;
use crate::interpreters::python;
use crate::library::library;

/// What `hakmem` does with the arguments.
pub(crate) fn hakmem(arguments: &[&str]) -> Option<Outcome> {
    let program = &library().program;
    if !program.is_file() {
        skipped(&format!("no program hakmem beside {}", library().shared.display()));
        return None;
    }
    Some(run(command(program).args(arguments), 60))
}

/// Both streams: which of them carries a verdict is the program's business.
fn words(outcome: &Outcome) -> String {
    (outcome.text() + &outcome.stderr).to_lowercase()
}

#[test]
fn runs_a_program() {
    let Some(outcome) = hakmem(&["run", "--", "/bin/echo", "hi"]) else { return };
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "hi\n"), "{}", outcome.stderr);
}

#[test]
fn runs_a_program_by_name() {
    let Some(outcome) = hakmem(&["run", "--", "echo", "hi"]) else { return };
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "hi\n"), "{}", outcome.stderr);
}

#[test]
fn the_program_run_is_served() {
    let Some(outcome) = hakmem(&["run", "--", "cat", "/proc/self/maps"]) else { return };
    assert!(outcome.text().contains("/libhakmem.so"), "{}{}", outcome.text(), outcome.stderr);
}

#[test]
fn exit_codes_pass() {
    let Some(outcome) = hakmem(&["run", "--", "sh", "-c", "exit 7"]) else { return };
    assert_eq!(outcome.code(), 7, "{}", outcome.stderr);
}

#[test]
fn signals_pass() {
    let Some(outcome) = hakmem(&["run", "--", "sh", "-c", "kill -TERM $$"]) else { return };
    assert_eq!(outcome.code(), 128 + 15, "{}", outcome.stderr);
}

#[test]
fn statistics_show_who_served() {
    let Some(outcome) = hakmem(&["run", "--stats", "--", python(), "-c", "pass"]) else { return };
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("served here: 100.0 %"), "{}", outcome.stderr);
}

#[test]
fn check_says_yes() {
    let Some(outcome) = hakmem(&["check", "/bin/echo"]) else { return };
    assert_eq!(outcome.code(), 0, "{}", words(&outcome));
    assert!(words(&outcome).contains("yes"), "{}", words(&outcome));
}

#[test]
fn check_knows_static_programs() {
    let Some(program) = Compiled::new("static.c", &["-static"]) else { return };
    let Some(outcome) = hakmem(&["check", program.path().to_str().expect("a plain path")]) else { return };
    assert_ne!(outcome.code(), 0, "{}", words(&outcome));
    assert!(words(&outcome).contains("static"), "{}", words(&outcome));
}

#[test]
fn check_knows_setuid_programs() {
    let candidates = ["/usr/bin/passwd", "/usr/bin/su", "/bin/su"].map(PathBuf::from);
    let setuid = |path: &&PathBuf| path.metadata().is_ok_and(|file| file.permissions().mode() & 0o4000 != 0);
    let Some(program) = candidates.iter().find(setuid) else { return skipped("no setuid program is installed") };
    let Some(outcome) = hakmem(&["check", program.to_str().expect("a plain path")]) else { return };
    assert_ne!(outcome.code(), 0, "{}", words(&outcome));
    assert!(words(&outcome).contains("setuid"), "{}", words(&outcome));
}

#[test]
fn a_missing_program_is_an_error() {
    for arguments in [["run", "/no/such/program"], ["check", "/no/such/program"], ["run", "no-such-program"]] {
        let Some(outcome) = hakmem(&arguments) else { return };
        assert_ne!(outcome.code(), 0, "{arguments:?}");
        assert!(outcome.stderr.contains(arguments[1]), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn shell_scripts_are_no_elf_files() {
    if find("/usr/bin/ldd").is_some()
        && let Some(outcome) = hakmem(&["check", "/usr/bin/ldd"])
    {
        assert!(!words(&outcome).contains("panicked"), "{}", words(&outcome));
    }
}
