//! What each measure of `harden` is for: a program that dies of it, with its exact last words or by the signal, and
//! that lives without it; and real work under all of them.

use std::os::unix::process::ExitStatusExt;

use crate::child::{command, run};
use crate::compiled::Compiled;
use crate::library::library;

const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

const WRITTEN: &str = "write after free";
const TWICE: &str = "double free";

/// Case of `c/hardened.c`, the measures, words (none: it dies of the access), the operation, bytes of the block.
const CASES: [(&str, &str, &str, &str, usize); 21] = [
    ("write tiny", "zero", WRITTEN, "malloc", 16),
    ("write small", "zero", WRITTEN, "malloc", 48),
    ("write small", "junk", WRITTEN, "malloc", 48),
    ("write small", "zero+junk", WRITTEN, "malloc", 48),
    ("write small", "junk+random", WRITTEN, "malloc", 48),
    ("write last", "zero", WRITTEN, "malloc", 1024),
    ("write mid", "junk", WRITTEN, "malloc", 20 << 10),
    ("write room", "zero", WRITTEN, "malloc", 200 << 10),
    ("write in a child", "junk", WRITTEN, "malloc", 48),
    ("write in quarantine", "junk+quarantine", WRITTEN, "free", 48),
    ("write in quarantine", "zero+quarantine+random+guard_slabs", WRITTEN, "free", 48),
    ("write in quarantine, run", "junk+quarantine", WRITTEN, "free", 300 << 10),
    ("double in quarantine", "quarantine", TWICE, "free", 48),
    ("double in quarantine, run", "quarantine", TWICE, "free", 300 << 10),
    ("double in quarantine, big", "quarantine", TWICE, "free", 0),
    ("read a large one in quarantine", "quarantine", "", "", 0),
    ("behind a span", "guard_slabs", "", "", 0),
    ("behind a span", "guard_slabs+random", "", "", 0),
    ("behind a room", "guard_slabs", "", "", 0),
    ("behind a run", "guard_slabs", "", "", 0),
    ("behind a large block", "guard_slabs", "", "", 0),
];

#[test]
fn every_measure_finds_what_it_is_for() {
    if !library().is_ours_or_skip("harden") {
        return;
    }
    let Some(program) = Compiled::new("hardened.c", &[]) else { return };
    let mut wrong = Vec::new();
    for (case, measures, words, operation, bytes) in CASES {
        let mut child = command(program.path());
        let outcome = run(library().preload(child.arg(case)).env("HAKMEM_HARDEN", measures), 20);
        let text = outcome.text();
        let address = text.lines().next().unwrap_or("no address");
        let block = if bytes > 0 { format!(" (a block of {bytes} bytes)") } else { String::new() };
        let expected = format!("hakmem: {words} of {address} by {operation}{block}");
        let said = outcome.stderr.lines().last().unwrap_or_default();
        let died = if words.is_empty() { SIGSEGV } else { SIGABRT };
        if outcome.status.signal() != Some(died) || !words.is_empty() && said != expected {
            wrong.push(format!("{case}, {measures}: {}\n  expected {expected}\n  and said {said}", outcome.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_write_after_free_can_be_survived() {
    if !library().is_ours_or_skip("harden") {
        return;
    }
    let Some(program) = Compiled::new("hardened.c", &[]) else { return };
    for (case, measures, words, ..) in CASES.into_iter().filter(|case| case.2 == WRITTEN) {
        let mut child = command(program.path());
        library().preload(child.arg(case)).env("HAKMEM_HARDEN", measures).env("HAKMEM_ON_FAULT", "report");
        let outcome = run(&mut child, 20);
        assert_eq!(outcome.code(), 0, "{case}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("hakmem: {words} of ")), "{case}: {}", outcome.stderr);
    }
}

#[test]
fn programs_do_the_same_under_every_measure() {
    if !library().is_ours_or_skip("harden") {
        return;
    }
    let script = "import json, threading, os\n\
                  def work(n): return json.loads(json.dumps({str(i): list(range(i % 50)) for i in range(n)}))\n\
                  threads = [threading.Thread(target=work, args=(3000,)) for _ in range(4)]\n\
                  [t.start() for t in threads]; [t.join() for t in threads]\n\
                  os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\n\
                  pid = os.fork()\n\
                  if pid == 0: work(2000); os._exit(7)\n\
                  print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(work(4000)))\n";
    let Some(python) = crate::child::find_or_skip("/usr/bin/python3") else { return };
    for measures in ["zero", "junk", "quarantine", "random", "guard_slabs", "zero+junk+quarantine+random+guard_slabs"] {
        let mut child = command(&python);
        let outcome = run(library().preload(child.args(["-c", script])).env("HAKMEM_HARDEN", measures), 120);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "7 4000\n"), "{measures}: {}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}
