//! `hakmem bench health`: it passes where all is well, and fails where something is not.

use crate::child::{Outcome, command, find_or_skip, run};
use crate::library::library;
use crate::run_program::hakmem;
use crate::scratch::Scratch;

/// Profiles whose figure is not a time: tests run side by side.
const UNTIMED: &str = "served,steady_faults,steady_memory,threads_memory,base_memory,returned,misuse,fork,threads_1000";

/// A library that is loaded and does no more than take memory.
const HEAVY: &str = "
static char room[8 << 20];
__attribute__((constructor)) static void take(void) {
    for (unsigned at = 0; at < sizeof room; at += 4096) ((volatile char *)room)[at] = 1;
}";

fn health(only: &str) -> Option<Outcome> {
    if !library().is_ours_or_skip("hakmem bench health") {
        return None;
    }
    hakmem(&["bench", "health", "--only", only])
}

/// The health check of another library than ours.
fn health_of_heavy(only: &str) -> Option<Outcome> {
    let (compiler, program) = (find_or_skip("gcc")?, &library().program);
    if !program.is_file() {
        return None;
    }
    let folder = Scratch::new();
    let (source, heavy) = (folder.join("heavy.c"), folder.join("heavy.so"));
    std::fs::write(&source, HEAVY).expect("the scratch folder can be written");
    let built = run(command(compiler).args(["-shared", "-fPIC", "-o"]).arg(&heavy).arg(&source), 60);
    assert_eq!(built.code(), 0, "{}", built.stderr);
    Some(run(command(program).args(["bench", "health", "--only", only]).env("HAKMEM_LIBRARY", &heavy), 120))
}

/// The first word of the line about a profile.
fn verdict(text: &str, profile: &str) -> String {
    let words = |line: &str| line.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    let row = text.lines().map(words).find(|words| words.get(1).is_some_and(|name| name == profile));
    row.unwrap_or_else(|| panic!("no line about {profile} in\n{text}")).remove(0)
}

#[test]
fn ours_passes() {
    let Some(outcome) = health(UNTIMED) else { return };
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
    for profile in UNTIMED.split(',') {
        assert_eq!(verdict(&outcome.text(), profile), "PASS", "{}", outcome.text());
    }
}

#[test]
fn a_figure_beyond_its_bound_fails() {
    let Some(outcome) = health_of_heavy("base_memory,steady_faults") else { return };
    assert_eq!(outcome.code(), 1, "{}{}", outcome.text(), outcome.stderr);
    // 8 MiB more than glibc; 236 kB are allowed.
    assert_eq!(verdict(&outcome.text(), "base_memory"), "FAIL", "{}", outcome.text());
    assert_eq!(verdict(&outcome.text(), "steady_faults"), "PASS", "{}", outcome.text());
}

#[test]
fn misuse_that_is_not_named_fails() {
    let Some(outcome) = health_of_heavy("misuse,served") else { return };
    assert_eq!(outcome.code(), 1, "{}{}", outcome.text(), outcome.stderr);
    assert_eq!(verdict(&outcome.text(), "misuse"), "FAIL", "{}", outcome.text());
    assert_eq!(verdict(&outcome.text(), "served"), "FAIL", "{}", outcome.text());
}

#[test]
fn json_has_the_same() {
    if !library().is_ours_or_skip("hakmem bench health") {
        return;
    }
    let Some(outcome) = hakmem(&["bench", "health", "--json", "--only", "misuse"]) else { return };
    let text = outcome.text();
    assert_eq!(outcome.code(), 0, "{text}{}", outcome.stderr);
    for part in ["\"profile\": \"misuse\"", "\"result\": \"pass\"", "\"figure\": 4", "\"at_least\": 4"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn what_cannot_be_run_is_an_error() {
    let Some(outcome) = health("random_mixt") else { return };
    assert_eq!(outcome.code(), 2, "{}", outcome.text());
    for word in ["random_mixt", "random_mixed", "threads_1000"] {
        assert!(outcome.stderr.contains(word), "no {word} in {}", outcome.stderr);
    }
    let mut lost = command(&library().program);
    lost.args(["bench", "health", "--only", "misuse"]);
    let outcome = run(lost.env("HAKMEM_LIBRARY", "/no/such/libhakmem.so"), 20);
    assert_eq!(outcome.code(), 2, "{}", outcome.text());
    assert!(outcome.stderr.contains("/no/such/libhakmem.so"), "{}", outcome.stderr);
    let folder = Scratch::new();
    let words = folder.join("words.so");
    std::fs::write(&words, "no library\n").expect("the scratch folder can be written");
    let mut refused = command(&library().program);
    refused.args(["bench", "health", "--only", "misuse,fork"]);
    let outcome = run(refused.env("HAKMEM_LIBRARY", &words), 60);
    assert_eq!(outcome.code(), 2, "{}", outcome.text());
    assert!(outcome.text().contains("is not in the process"), "{}", outcome.text());
}
