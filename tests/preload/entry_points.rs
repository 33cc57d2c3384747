//! Every function of the family and what the GNU C library does at its edges. The same programs must pass
//! without us, so they say what glibc does and not what we think of it.

use crate::compiled::Compiled;
use crate::library::library;

const CXX: &[&str] = &["-std=c++17", "-faligned-new", "-fsized-deallocation"];

/// Runs the cases twice; `absent` of them need functions that this machine's C library may lack.
fn cases(source: &str, flags: &[&str], arguments: &[&str], expected: usize, absent: &[&str]) {
    let Some(program) = Compiled::new(source, flags) else { return };
    let bare = program.run(arguments, false, 60);
    assert_eq!(bare.code(), 0, "{source} ends badly without us: {}", bare.stderr);
    for line in bare.text().lines() {
        let lacks = line.strip_prefix("absent ").is_some_and(|name| absent.contains(&name));
        assert!(lacks || line.starts_with("ok "), "{source} without us: {line}");
    }
    let outcome = program.run(arguments, true, 60);
    let served = outcome.text();
    let wrong: Vec<_> = served.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(wrong.is_empty(), "{source}: {wrong:#?}");
    assert_eq!(served.lines().count(), expected, "{source} died after\n{served}{}", outcome.stderr);
}

#[test]
fn every_function() {
    cases("entry_points.c", &[], &[], 28, &["cfree", "free_sized", "free_aligned_sized"]);
}

#[test]
fn every_edge() {
    cases("edges.c", &[], &[], 25, &[]);
}

#[test]
fn every_operator() {
    cases("operators.cc", CXX, &[], 16, &[]);
}

#[test]
fn a_new_handlers_error_ends_at_nothrow() {
    cases("operators.cc", CXX, &["last"], 1, &[]);
}

#[test]
fn statistics_go_to_stderr() {
    let Some(program) = Compiled::new("entry_points.c", &[]) else { return };
    if library().is_ours_or_skip("malloc_stats") {
        let outcome = program.run(&[], true, 60);
        assert!(outcome.stderr.contains("hakmem: statistics of process"), "malloc_stats: {}", outcome.stderr);
    }
}
