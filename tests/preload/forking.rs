//! Children made in unusual ways, and libraries that want to be told of them.

use crate::child::{command, run};
use crate::compiled::Compiled;
use crate::library::library;

/// A case of `unusual_forks.c`.
fn unusual(how: &str) {
    let Some(program) = Compiled::new("unusual_forks.c", &[]) else { return };
    assert_eq!(program.succeeds(&[how], 120).text(), "done\n", "{how}");
}

/// Nine of ten such runs hung: the handler had come in the middle of a call that held a lock, for which the fork then
/// waited. The C library forks from a handler as long as the process has one thread.
#[test]
fn from_a_signal_handler() {
    unusual("handler");
}

#[test]
fn by_a_system_call() {
    unusual("clone");
}

#[test]
fn without_handlers() {
    unusual("_Fork");
}

#[test]
fn amid_threads_only_to_become_another_program() {
    unusual("vfork");
}

/// It hung: the library's handler waited for its lock while ours were held, and its lock's holder for ours.
#[test]
fn amid_threads_of_a_library_that_allocates_in_its_handlers() {
    let Some(program) = Compiled::linked("guarded_forks.c", "guarded_lock.c", &[]) else { return };
    assert_eq!(program.succeeds(&[], 120).text(), "done\n");
}

/// A server's child that writes a snapshot: it frees what it used for that. Pages that it writes to are copied.
#[test]
fn a_childs_frees_copy_few_pages() {
    let Some(program) = Compiled::new("snapshot.c", &[]) else { return };
    let copied = |served: bool| {
        let outcome = program.run(&[], served, 60);
        assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
        outcome.text().split_whitespace().map(|kb| kb.parse().expect("kilobytes")).collect::<Vec<u64>>()
    };
    let (bare, served) = (copied(false), copied(true));
    let [reads, temporaries, frees] = served[..] else { panic!("{served:?}") };
    assert!(reads <= bare[0] + 1024, "a child that only reads: {reads} kB, with glibc {}", bare[0]);
    assert!(temporaries <= bare[1] + 4096, "that takes and gives back: {temporaries} kB, with glibc {}", bare[1]);
    assert!(frees <= bare[2], "that frees what it inherited: {frees} kB, with glibc {}", bare[2]);
}

/// The purge thread is the parent's; a child that makes one of its own can fork in turn.
#[test]
fn with_a_purge_thread() {
    let Some(program) = Compiled::new("forks.c", &[]) else { return };
    let mut command = command(program.path());
    library().preload(&mut command).env("HAKMEM_PURGE_THREAD", "1").env("HAKMEM_PURGE_DELAY_MS", "1");
    let outcome = run(&mut command, 120);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}

/// Settings that change which locks there are, and who takes them.
const SETTINGS: [&str; 12] = [
    "",
    "harden:double_free",
    "harden:zero",
    "harden:junk",
    "harden:quarantine",
    "harden:random",
    "harden:guard_slabs",
    "harden:double_free+junk+quarantine+random+guard_slabs",
    "guard_rate:1",
    "guard_rate:20,harden:quarantine",
    "stats:1",
    "purge_thread:1,purge_delay_ms:1",
];

/// A program that is done under each setting.
fn is_done_under_all(source: &str, arguments: &[&str]) {
    let Some(program) = Compiled::new(source, &[]) else { return };
    for settings in SETTINGS {
        let mut command = command(program.path());
        library().preload(command.args(arguments)).env("HAKMEM_CONF", settings);
        let outcome = run(&mut command, 240);
        let text = outcome.text();
        assert_eq!((outcome.code(), text.as_str()), (0, "done\n"), "{settings}: {}", outcome.stderr);
    }
}

/// It hung: the fork held our locks while it waited for the C library's list of streams, whose holder waited for a
/// stream, whose holder waited for us.
#[test]
fn that_wait_for_a_stream_whose_holder_allocates() {
    is_done_under_all("fork_cycle.c", &[]);
}

/// The same by chance: it hung within some ten forks.
#[test]
fn amid_threads_that_use_streams() {
    is_done_under_all("fork_streams.c", &["6"]);
}

/// It hung: what an outer fork held was noted where an inner one noted its own.
#[test]
fn from_handlers_within_forks_and_their_handlers() {
    unusual("nested");
}
