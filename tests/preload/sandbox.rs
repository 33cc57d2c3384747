//! Programs that enter a sandbox, after their first block, in which all dies but what an allocator needs; and programs
//! whose threads are cancelled.

use crate::child::{command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;
use crate::plugins::linked;

/// Settings that send calls other ways.
const SETTINGS: [&str; 14] = [
    "",
    "harden:double_free",
    "harden:zero",
    "harden:junk",
    "harden:quarantine",
    "harden:random",
    "harden:guard_slabs",
    "harden:sizes",
    "harden:double_free+zero+quarantine+random+guard_slabs+sizes",
    "guard_rate:1",
    "guard_rate:50,harden:random",
    "crash_message:1",
    "stats:1",
    "purge_delay_ms:0,large_cache_bytes:0",
];

#[test]
fn nothing_but_memory_and_one_thread_is_asked_of_the_system_after_the_start() {
    let Some(program) = Compiled::new("sandboxed.c", &[]) else { return };
    for settings in SETTINGS {
        let mut sandboxed = command(program.path());
        // It has threads, in which case one of ours is started: that is more than memory.
        sandboxed.env("HAKMEM_PURGE_THREAD", "0");
        let outcome = run(library().preload(&mut sandboxed).env("HAKMEM_CONF", settings), 120);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{settings}: {}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}

/// A program that is given a plugin bound to the C library's malloc, with each setting.
fn with_each_setting(source: &str, settings: impl Iterator<Item = &'static str>) {
    let Some(program) = Compiled::new(source, &[]) else { return };
    if !program.add("plugin.c", "plugin.so", &["-shared", "-fPIC"]) {
        return;
    }
    for settings in settings {
        let mut command = command(program.path());
        command.arg("./plugin.so").current_dir(program.path().parent().expect("a folder"));
        let outcome = run(library().preload(&mut command).env("HAKMEM_CONF", settings), 120);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{settings}: {}", outcome.stderr);
    }
}

#[test]
fn a_block_of_anothers_is_given_back_without_a_file() {
    with_each_setting("guests.c", SETTINGS.into_iter());
}

#[test]
fn no_call_is_a_point_of_cancellation() {
    with_each_setting("cancelled.c", SETTINGS.into_iter().chain(["oom_report:1", "on_fault:report", "purge_thread:1"]));
}

/// The Rust door has an initialiser of its own.
#[test]
fn a_rust_program_asks_at_its_start_as_well() {
    let Some(strace) = find_or_skip("strace") else { return };
    let program = linked("program", &["--bin", "busy"], "busy");
    let outcome = run(command(strace).args(["-f", "-o", "/dev/stdout"]).arg(program), 60);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let text = outcome.text();
    let before_threads = text.split("clone").next().expect("it starts threads");
    // The C library asks for others than the calling thread.
    for question in ["sysinfo(", "sched_getaffinity(0,"] {
        assert!(before_threads.contains(question), "{question}");
        assert_eq!(text.matches(question).count(), before_threads.matches(question).count(), "{question}");
    }
}

/// A start that made calls for each of our questions would be one that is slower for every program.
#[test]
fn a_start_asks_few_questions() {
    let Some(strace) = find_or_skip("strace") else { return };
    let calls = |served: bool| {
        let mut traced = command(&strace);
        traced.args(["-f", "-o", "/dev/stdout"]);
        if served {
            traced.arg("-E").arg(format!("LD_PRELOAD={}", library().shared.display()));
        }
        let outcome = run(traced.args(["/bin/true"]), 20);
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
        outcome.text()
    };
    let (bare, served) = (calls(false), calls(true));
    let opens = |text: &str| text.lines().filter(|line| line.contains("open")).count();
    assert!(opens(&served) <= opens(&bare) + 2, "{served}");
    assert!(served.lines().count() <= bare.lines().count() + MOST_CALLS_MORE, "{served}");
}

/// Seven are the loader's, for any library; the rest asks what the machine has, and makes the first zone.
const MOST_CALLS_MORE: usize = 14;
