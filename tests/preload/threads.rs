//! Many threads, late threads, forked threads.

use crate::compiled::Compiled;

fn done(source: &str, flags: &[&str], seconds: u64, last_line: &str) {
    let Some(program) = Compiled::new(source, flags) else { return };
    let text = program.succeeds(&[], seconds).text();
    assert_eq!(text.lines().last(), Some(last_line), "{source} printed\n{text}");
}

#[test]
fn churn_of_5000_threads() {
    done("churn.c", &[], 60, "done");
}

#[test]
fn a_thousand_threads_at_once() {
    done("thousand.c", &[], 60, "done");
}

#[test]
fn larson() {
    done("larson.c", &[], 60, "done");
}

#[test]
fn forks_amid_threads() {
    done("forks.c", &[], 120, "done");
}

#[test]
fn last_words_of_threads() {
    done("exits.cc", &["-std=c++17"], 60, "1000 handed on");
}

#[test]
fn handover_does_not_grow() {
    done("handover.c", &[], 60, "done");
}
