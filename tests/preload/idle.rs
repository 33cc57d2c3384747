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

/// A line: what is left, that a thread of ours was there beside others, and that it ended.
fn all_is_back(line: &str, most_kb: u64, others: u64) {
    let threads = (number(line, "full "), number(line, "threads "), number(line, "then "), number(line, "elsewhere "));
    assert_eq!(threads, (1, others + 1, others, 0), "{line}");
    assert!(number(line, "left ") <= most_kb, "{line}");
}

#[test]
fn the_purge_thread_gives_back_what_an_idle_process_keeps_and_ends() {
    let Some(text) = told("", "1") else { return };
    all_is_back(&text, MOST_LEFT_KB, 1);
}

#[test]
fn also_what_threads_left_that_ended() {
    let Some(text) = told("workers", "1") else { return };
    all_is_back(&text, MOST_LEFT_KB + STACKS_KB, 1);
}

#[test]
fn nobody_need_ask_for_it_where_threads_are() {
    for who in ["workers", "guest"] {
        let Some(text) = told(who, "auto") else { return };
        all_is_back(&text, MOST_LEFT_KB + STACKS_KB, if who == "guest" { 2 } else { 1 });
    }
}

#[test]
fn the_child_of_a_fork_gets_one_of_its_own() {
    let Some(text) = told("child", "1") else { return };
    let lines: Vec<_> = text.lines().collect();
    let [parent, child, of_child] = lines[..] else { panic!("{text}") };
    assert_eq!(child, "a child with 1 threads");
    all_is_back(parent, MOST_LEFT_KB, 1);
    all_is_back(of_child, MOST_LEFT_KB, 1);
}

#[test]
fn it_keeps_no_process_alive() {
    let Some(text) = told("last", "1") else { return };
    assert_eq!(text, "threads 2\n");
}

#[test]
fn a_process_of_one_thread_stays_so_and_with_the_setting_every_process() {
    for (who, setting, others) in [("", "auto", 1), ("", "0", 1), ("guest", "0", 2)] {
        let Some(text) = told(who, setting) else { return };
        let seen = (number(&text, "full "), number(&text, "threads "), number(&text, "then "));
        assert_eq!(seen, (1, others, others), "{who} {setting}: {text}");
    }
}

/// What `rest.c` says is left, with the defaults.
fn left_kb(what: &str) -> Option<u64> {
    let program = Compiled::new("rest.c", &[])?;
    library()
        .is_ours_or_skip("memory at rest")
        .then(|| program.succeeds(&[what, "100"], 60).text().trim().parse().ok())?
}

#[test]
fn a_hundred_threads_that_sleep_or_have_ended_keep_little() {
    let (Some(asleep), Some(ended)) = (left_kb("asleep"), left_kb("ended")) else { return };
    assert!(asleep < 30_000 && ended < 6_000, "asleep {asleep} kB, ended {ended} kB");
}

#[test]
fn bursts_with_pauses_leave_little_in_one_thread() {
    let Some(left) = left_kb("bursts") else { return };
    assert!(left < 6_000, "{left} kB");
}
