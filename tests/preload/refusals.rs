//! System calls that a sandbox refuses, processes that are killed, memory that is limited by a cgroup.

use std::fs;
use std::path::Path;

use crate::child::{Outcome, command, run};
use crate::compiled::Compiled;
use crate::library::library;

/// The calls of ours that give memory or take it.
const CALLS: [&str; 4] = ["madvise", "mprotect", "mremap", "munmap"];
const ALL: &str = "madvise,mprotect,mremap,munmap";

/// What `refused.c` prints: nulls, traps, kilobytes left.
fn numbers(text: &str) -> [u64; 3] {
    let words = text.split([' ', ',', '\n']).filter_map(|word| word.parse().ok()).collect::<Vec<_>>();
    words.try_into().unwrap_or_else(|words| panic!("{words:?} in {text}"))
}

/// Kilobytes that may be left where the system takes memory back.
const MOST_LEFT_KB: u64 = 8 << 10;

#[test]
fn an_error_is_survived_and_memory_comes_back() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    for how in ["EINVAL", "EPERM", "ENOMEM", "ENOSYS"] {
        for calls in CALLS.into_iter().chain([ALL]) {
            let [nulls, traps, left] = numbers(&program.succeeds(&[calls, how], 120).text());
            assert_eq!(traps, 0, "{calls}, {how}");
            if !library().is_ours_or_skip("what is left") {
                continue;
            }
            // Without mprotect there is no growth but by large blocks.
            assert!(nulls == 0 || calls.contains("mprotect"), "{calls}, {how}: {nulls} nulls");
            let may_stay = calls.contains("madvise");
            assert!(may_stay || left <= MOST_LEFT_KB, "{calls}, {how}: {left} kB are left");
        }
    }
}

#[test]
fn a_trap_whose_handler_answers_is_an_error_like_others() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    // With madvise trapped the C library's own threads are killed at their end, which block SIGSYS.
    for calls in ["mprotect", "mremap", "munmap"] {
        let [_, traps, _] = numbers(&program.succeeds(&[calls, "trap"], 120).text());
        assert!(traps > 0, "{calls} was called");
    }
    let [_, traps, _] = numbers(&program.succeeds(&["madvise", "trap", "alone"], 120).text());
    assert!(traps > 0, "madvise was called");
}

/// A sandbox may write each refusal into a log, and a trap takes time.
#[test]
fn what_was_refused_is_not_asked_again() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    if !library().is_ours_or_skip("refusals") {
        return;
    }
    let [_, traps, _] = numbers(&program.succeeds(&["madvise", "trap", "alone"], 120).text());
    assert!(traps <= MOST_TRAPS, "{traps}");
}

/// Huge pages wanted and unwanted, pages given back, and what core dumps hold of each part of a zone.
const MOST_TRAPS: u64 = 40;

/// A thread that had it blocked would end the process at its first call.
#[test]
fn the_purge_thread_takes_the_signal_too() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    if !library().is_ours_or_skip("the purge thread") {
        return;
    }
    let mut command = command(program.path());
    library().preload(&mut command).args(["madvise", "trap", "idle"]).env("HAKMEM_PURGE_THREAD", "1");
    // What the first thread was refused, the purge thread would not ask for again.
    command.env("HAKMEM_OFF", "surplus");
    let outcome = run(&mut command, 60);
    let traps = outcome.text().trim().strip_prefix("traps elsewhere ").and_then(|number| number.parse().ok());
    assert!(traps.is_some_and(|traps: u32| traps > 0), "{}: {}{}", outcome.code(), outcome.text(), outcome.stderr);
}

/// Then all is as without it. Where `clone` is trapped, the C library, which blocks the signal meanwhile, ends the process
/// for every thread.
#[test]
fn a_purge_thread_may_be_refused() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    for (call, how) in [("clone", "EPERM"), ("clone", "ENOSYS"), ("prctl", "EPERM"), ("prctl", "trap")] {
        let mut command = command(program.path());
        let idle = library().preload(&mut command).args([call, how, "idle"]).env("HAKMEM_PURGE_THREAD", "1");
        let outcome = run(idle, 60);
        assert_eq!(outcome.code(), 0, "{call} {how}: {}{}", outcome.text(), outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}

/// Each page is touched instead.
#[test]
fn a_start_in_a_sandbox_is_as_warm() {
    const WARM_KB: u64 = 32 << 10;
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    if !library().is_ours_or_skip("warming up") {
        return;
    }
    for how in ["EINVAL", "EPERM", "ENOSYS"] {
        let mut command = command(program.path());
        library().preload(&mut command).args(["madvise", how, "exec", "/bin/grep", "VmRSS", "/proc/self/status"]);
        let outcome = run(command.env("HAKMEM_PREWARM_BYTES", format!("{WARM_KB}K")), 60);
        let resident = outcome.text().split_whitespace().nth(1).and_then(|number| number.parse().ok());
        assert!(resident.is_some_and(|kb: u64| kb > WARM_KB), "{how}: {}{}", outcome.text(), outcome.stderr);
    }
}

/// Found that calloc handed out what was there before.
#[test]
fn madvise_that_says_yes_and_does_nothing_clears_nothing() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    program.succeeds(&["madvise", "lie"], 120);
}

/// Nothing can be done against that: the first call of the list ends the process, as the sandbox wants it.
#[test]
fn a_sandbox_that_kills_kills() {
    let Some(program) = Compiled::new("refused.c", &[]) else { return };
    let outcome = program.run(&["madvise", "kill"], true, 120);
    assert_eq!(outcome.code(), 128 + 31, "{}{}", outcome.text(), outcome.stderr);
}

#[test]
fn who_lives_is_whole_when_others_of_the_family_are_killed() {
    let Some(program) = Compiled::new("killed.c", &[]) else { return };
    let text = program.succeeds(&[], 120).text();
    assert_eq!(text, "killed 240, the parent's threads made their steps\n");
}

#[test]
fn threads_grow_to_a_limit_give_back_and_go_on() {
    let Some(program) = Compiled::new("growth.c", &[]) else { return };
    for arguments in
        [["1", "as", "60"], ["1", "as", "300"], ["4", "as", "300"], ["1", "data", "60"], ["4", "data", "100"]]
    {
        let text = program.succeeds(&arguments, 120).text();
        let words: Vec<u64> = text.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        let [took, refused, left] = words[..] else { panic!("{arguments:?}: {text}") };
        let limit: u64 = arguments[2].parse().expect("a number");
        assert!(refused > 0 && took > limit, "{arguments:?}: {text}");
        assert!(left <= MOST_LEFT_KB, "{arguments:?}: {text}");
    }
}

/// A child group of the memory controller, which ends with it.
struct Group(&'static Path);

impl Group {
    /// Of so many bytes; says so by name if the machine has none to give.
    fn new(bytes: u64) -> Option<Self> {
        const PATH: &str = "/sys/fs/cgroup/memory/hakmem-test";
        let group = Self(Path::new(PATH));
        if fs::create_dir(PATH).is_err() || fs::write(group.0.join("memory.limit_in_bytes"), bytes.to_string()).is_err()
        {
            // That machine tests it as well: this is no skip.
            eprintln!("left to tests/machine/run: no cgroup of version 1 can be made here");
            return None;
        }
        Some(group)
    }

    fn run(&self, program: &Compiled, arguments: &str) -> Outcome {
        let mut bash = command("/bin/sh");
        let line = format!("echo $$ > {}/cgroup.procs && LD_PRELOAD=$0 exec \"$1\" {arguments}", self.0.display());
        bash.args(["-c", &line]).arg(&library().shared).arg(program.path());
        run(&mut bash, 120)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.0);
    }
}

/// Found that what was kept of small blocks stayed while large ones took its place: 390 MB of 256.
#[test]
fn bursts_within_a_memory_limit_are_not_killed() {
    if !library().is_ours_or_skip("a memory limit") {
        return;
    }
    let Some(program) = Compiled::new("bursts.c", &[]) else { return };
    let Some(group) = Group::new(256 << 20) else { return };
    let outcome = group.run(&program, "150 3");
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
}
