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
