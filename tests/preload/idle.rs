//! A process that stops calling: what the setting `purge_thread` gives back, and what it does not disturb.

use crate::child::{command, run};
use crate::compiled::Compiled;
use crate::library::library;

/// What may stay resident: what the first thread's magazines and heap keep, and 8 kB of records a superslab.
const MOST_LEFT_KB: u64 = 2048;
/// What the C library keeps of threads that ended, beside it: their stacks.
const STACKS_KB: u64 = 512;

/// What `idle.c` prints, by `who`; `None` without a compiler or with another allocator.
fn told(who: &str, purge_thread: &str) -> Option<String> {
    let program = Compiled::new("idle.c", &[])?;
    if !library().is_ours_or_skip("the purge thread") {
        return None;
    }
    let mut command = command(program.path());
    library().preload(&mut command).arg(who).env("HAKMEM_PURGE_THREAD", purge_thread);
    // A huge page of which a block is out stays whole.
    command.env("HAKMEM_HUGE_PAGES", "0");
    let outcome = run(&mut command, 60);
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
    Some(outcome.text())
}

/// The number that follows a word.
fn number(line: &str, word: &str) -> u64 {
    let rest = line.split_once(word).unwrap_or_else(|| panic!("no `{word}` in {line}")).1.trim_start();
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    // A negative number is less than was there before.
    rest[..digits].parse().unwrap_or(0)
}

/// Two lines: what is left, and that the thread rests.
fn all_is_back(lines: &[&str], most_kb: u64) {
    let [left, rests] = lines else { panic!("{lines:?}") };
    assert_eq!((number(left, "full "), number(left, "threads ")), (1, 2), "{left}");
    assert!(number(left, "left ") <= most_kb, "{left}");
    assert_eq!(*rests, "woken 0 times, signals elsewhere 0");
}

#[test]
fn the_purge_thread_gives_back_what_an_idle_process_keeps() {
    let Some(text) = told("", "1") else { return };
    all_is_back(&text.lines().collect::<Vec<_>>(), MOST_LEFT_KB);
}

#[test]
fn also_what_threads_left_that_ended() {
    let Some(text) = told("workers", "1") else { return };
    all_is_back(&text.lines().collect::<Vec<_>>(), MOST_LEFT_KB + STACKS_KB);
}

#[test]
fn the_child_of_a_fork_gets_one_of_its_own() {
    let Some(text) = told("child", "1") else { return };
    let lines: Vec<_> = text.lines().collect();
    let (parent, child) = lines.split_at(2);
    all_is_back(parent, MOST_LEFT_KB);
    assert_eq!(child[0], "a child with 1 threads");
    all_is_back(&child[1..], MOST_LEFT_KB);
}

#[test]
fn it_keeps_no_process_alive() {
    let Some(text) = told("last", "1") else { return };
    assert_eq!(text, "threads 2\n");
}

#[test]
fn without_the_setting_there_is_no_thread_of_ours() {
    let Some(text) = told("", "0") else { return };
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!((number(&text, "full "), number(&text, "threads ")), (1, 1), "{text}");
}
