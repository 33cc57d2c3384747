//! Shells and languages: the same script, the same output.

use crate::child::find;
use crate::comparison::{Comparison, workload};

fn script(program: &str, name: &str) {
    Comparison { program, arguments: &[&workload(name)], ..Comparison::default() }.check();
}

/// The system's, as most users have it; a version manager's otherwise.
pub(crate) fn python() -> &'static str {
    if find("/usr/bin/python3").is_some() { "/usr/bin/python3" } else { "python3" }
}

#[test]
fn true_does_nothing() {
    Comparison::default().check();
}

#[test]
fn false_fails() {
    Comparison { program: "/bin/false", code: 1, ..Comparison::default() }.check();
}

#[test]
fn echo() {
    Comparison { program: "/bin/echo", arguments: &["a", "b c"], ..Comparison::default() }.check();
}

#[test]
fn exit_codes_pass() {
    Comparison { program: "bash", arguments: &["-c", "exit 7"], code: 7, ..Comparison::default() }.check();
}

#[test]
fn bash() {
    script("bash", "shell.sh");
}

#[test]
fn perl() {
    script("perl", "hashes.pl");
}

#[test]
fn python_objects() {
    script(python(), "objects.py");
}

#[test]
fn python_threads() {
    script(python(), "threads.py");
}

#[test]
fn python_processes() {
    script(python(), "processes.py");
}

#[test]
fn node() {
    script("node", "objects.js");
}

#[test]
fn lua() {
    script("lua5.4", "tables.lua");
}
