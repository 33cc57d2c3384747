//! Guarded blocks: every misuse dies with its exact last words, and with who freed and who took the block.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;

const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

/// Case of `c/guarded.c`, its words before and after the address, the signal, and whether it was freed before.
const CASES: [(&str, &str, &str, i32, bool); 22] = [
    ("read after free", "use after free: read of ", ", 12 bytes into a block of 48 bytes", SIGSEGV, true),
    ("write after free", "use after free: write of ", ", 0 bytes into a block of 48 bytes", SIGSEGV, true),
    (
        "use after free by another thread",
        "use after free: read of ",
        ", 2999 bytes into a block of 3000 bytes",
        SIGSEGV,
        true,
    ),
    ("use after realloc", "use after free: read of ", ", 0 bytes into a block of 48 bytes", SIGSEGV, true),
    ("in a child", "use after free: read of ", ", 0 bytes into a block of 48 bytes", SIGSEGV, true),
    ("overflow", "overflow: write of ", ", 0 bytes behind a block of 48 bytes", SIGSEGV, false),
    ("overflow far", "overflow: read of ", ", 16 bytes behind a block of 10000 bytes", SIGSEGV, false),
    ("underflow", "underflow: read of ", ", 1 bytes before a block of 100 bytes", SIGSEGV, false),
    ("overflow of pages", "overflow: write of ", ", 0 bytes behind a block of 20000 bytes", SIGSEGV, false),
    ("overflow of megabytes", "overflow: read of ", ", 8 bytes behind a block of 3145728 bytes", SIGSEGV, false),
    ("overflow of aligned pages", "overflow: write of ", ", 0 bytes behind a block of 65536 bytes", SIGSEGV, false),
    ("overflow of less", "overflow: write of ", ", 0 bytes behind a block of 64 bytes", SIGSEGV, false),
    ("underflow of pages", "underflow: read of ", ", 1 bytes before a block of 20000 bytes", SIGSEGV, false),
    ("use of freed pages", "use after free: read of ", ", 70000 bytes into a block of 1048576 bytes", SIGSEGV, true),
    ("write to nothing", "overflow: write of ", ", 0 bytes behind a block of 0 bytes", SIGSEGV, false),
    ("read of nothing", "overflow: read of ", ", 0 bytes behind a block of 0 bytes", SIGSEGV, false),
    ("read before nothing", "underflow: read of ", ", 1 bytes before a block of 0 bytes", SIGSEGV, false),
    ("margin at exit", "underflow, found before the start of ", " by exit (a block of 44 bytes)", SIGABRT, false),
    ("margin behind", "overflow, found behind the end of ", " by free (a block of 44 bytes)", SIGABRT, false),
    ("margin before", "underflow, found before the start of ", " by free (a block of 44 bytes)", SIGABRT, false),
    ("double free", "double free of ", " by free (a block of 48 bytes)", SIGABRT, true),
    ("inner free", "invalid free: not the start of a block of ", " by free (a block of 48 bytes)", SIGABRT, false),
];

fn guarded(program: &Compiled, case: &str) -> Command {
    let mut command = command(program.path());
    library().preload(command.arg(case)).env("HAKMEM_GUARD_RATE", "1").env("HAKMEM_GUARD_SIDE", "end+start");
    command
}

/// The lines behind the banner, our name taken off.
fn said(outcome: &Outcome) -> Vec<&str> {
    let lines = outcome.library_lines().into_iter().filter(|line| !line.contains(" serves process "));
    lines.map(|line| line.trim_start_matches("hakmem: ")).collect()
}

/// The functions of the frames that follow a line which begins so, as `addr2line` names them.
fn functions(lines: &[&str], head: &str, program: &Compiled) -> Vec<String> {
    let at = lines.iter().position(|line| line.trim_start().starts_with(head));
    let at = at.unwrap_or_else(|| panic!("no line begins with `{head}`: {lines:#?}"));
    let frames = lines[at + 1..].iter().take_while(|line| line.trim_start().starts_with('#'));
    let path = program.path().to_str().expect("a plain path");
    let places = frames.filter_map(|line| line.split_once(&format!(" in {path}+")).map(|(_, place)| place));
    let outcome = run(command("addr2line").args(["-f", "-e", path]).args(places), 20);
    outcome.text().lines().step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_misuse_of_a_guarded_block_ends_with_its_words() {
    if !library().is_ours_or_skip("guarded blocks") {
        return;
    }
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    let mut wrong = Vec::new();
    for (case, before, after, signal, freed) in CASES {
        let outcome = run(&mut guarded(&program, case), 20);
        let text = outcome.text();
        let expected = format!("{before}{}{after}", text.lines().next().unwrap_or("no address"));
        let lines = said(&outcome);
        let told = lines.first().copied().unwrap_or_default();
        let heads: Vec<_> = lines.iter().filter(|line| line.ends_with(':')).map(|line| word_of(line)).collect();
        let known: &[_] = if freed { &["in", "freed", "allocated"] } else { &["in", "allocated"] };
        if told != expected || outcome.status.signal() != Some(signal) || heads != known {
            wrong.push(format!("{case}: {}\n  expected {expected} {known:?}\n{lines:#?}", outcome.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn word_of(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

#[test]
fn traces_lead_to_who_touched_freed_and_took_it() {
    if !library().is_ours_or_skip("guarded blocks") || find_or_skip("addr2line").is_none() {
        return;
    }
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    let outcome = run(&mut guarded(&program, "use after free by another thread"), 20);
    let lines = said(&outcome);
    let thread = |head: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(head)).expect("the line is there");
        line.split_whitespace().last().expect("a number").trim_end_matches(':').parse::<u32>().expect("a number")
    };
    assert_eq!(functions(&lines, "in thread", &program), ["main", "_start"]);
    assert_eq!(functions(&lines, "freed by thread", &program)[..2], ["unmake", "unmake_in_thread"]);
    assert_eq!(functions(&lines, "allocated by thread", &program), ["make", "main", "_start"]);
    assert_eq!(thread("in thread"), thread("allocated by thread"));
    assert_ne!(thread("in thread"), thread("freed by thread"));
}

/// A handler's caller is found where the kernel put its registers, and a realigned function's by an expression.
#[test]
fn a_trace_goes_through_a_signal_handler() {
    if !library().is_ours_or_skip("guarded blocks") || find_or_skip("addr2line").is_none() {
        return;
    }
    for flags in [&["-O1"][..], &["-O2", "-fomit-frame-pointer"], &["-O0"], &["-O2", "-static-pie"]] {
        let archive = library().shared.with_extension("a");
        let is_static = flags.contains(&"-static-pie");
        let mut flags = flags.to_vec();
        flags.extend(archive.to_str().filter(|_| is_static));
        let Some(program) = Compiled::new("guarded.c", &flags) else { return };
        let mut command = guarded(&program, "use of a handler's");
        if is_static {
            command.env_remove("LD_PRELOAD");
        }
        let outcome = run(&mut command, 20);
        let functions = functions(&said(&outcome), "allocated by thread", &program);
        let known: Vec<_> = functions.iter().map(String::as_str).collect();
        let own = ["take_in_handler", "interrupted", "main"];
        let found = own.iter().filter(|name| known.contains(name)).count();
        assert_eq!(found, own.len(), "{flags:?}: {known:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_fault_of_a_guarded_block_can_be_survived() {
    if !library().is_ours_or_skip("guarded blocks") {
        return;
    }
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    for case in ["margin at exit", "margin behind", "margin before", "double free", "inner free"] {
        let outcome = run(guarded(&program, case).env("HAKMEM_ON_FAULT", "report"), 20);
        assert_eq!(outcome.code(), 0, "{case}: {}", outcome.stderr);
        assert!(outcome.text().ends_with("survived\n"), "{case}");
    }
}

#[test]
fn what_is_not_ours_goes_its_way_without_a_word() {
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    if !library().is_ours_or_skip("guarded blocks") {
        return;
    }
    for (case, signal) in [("null", SIGSEGV), ("sent", SIGSEGV)] {
        let outcome = run(&mut guarded(&program, case), 20);
        assert_eq!(outcome.status.signal(), Some(signal), "{case}: {}", outcome.stderr);
        assert_eq!(said(&outcome), [] as [&str; 0], "{case}");
    }
    let outcome = run(&mut guarded(&program, "own handler"), 20);
    assert_eq!((outcome.code(), outcome.text().as_str()), (7, "handled\n"));
    let outcome = run(&mut guarded(&program, "ignored"), 20);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "survived\n"));
}

#[test]
fn real_programs_run_with_every_block_guarded_or_some() {
    for (rate, slots) in [("1", "16384"), ("1", "1"), ("20", "256")] {
        let Some(python) = find_or_skip(crate::interpreters::python()) else { return };
        let program = "import json, threading
def work(): json.loads(json.dumps([str(i) * 9 for i in range(20000)]))
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]; print('done')";
        let mut command = command(python);
        command.args(["-c", program]).env("HAKMEM_GUARD_RATE", rate).env("HAKMEM_GUARD_SLOTS", slots);
        let outcome = run(library().preload(&mut command), 60);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{rate} {slots}: {}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}

/// Children find slots and plots whole, whatever threads of the parent were doing with them.
#[test]
fn a_process_with_every_block_guarded_forks_amid_threads() {
    for slots in ["40", "16384"] {
        let Some(program) = Compiled::new("forks.c", &["-DFORKS=40"]) else { return };
        let mut command = command(program.path());
        library().preload(&mut command).env("HAKMEM_GUARD_RATE", "1").env("HAKMEM_GUARD_SLOTS", slots);
        let outcome = run(&mut command, 240);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{slots}: {}", outcome.stderr);
    }
}

/// Large blocks stay shut as addresses when they are freed; where those are limited, others come first.
#[test]
fn large_guarded_blocks_leave_addresses_for_others() {
    let Some(bash) = find_or_skip("bash") else { return };
    let Some(python) = find_or_skip(crate::interpreters::python()) else { return };
    let program = "import threading
def work():
    for i in range(12): bytearray((60 << 20) + i)
threads = [threading.Thread(target=work) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]; work(); print('done')";
    let mut command = command(bash);
    library().preload(&mut command).env("HAKMEM_GUARD_RATE", "1");
    let limit = "ulimit -v 2000000 && exec \"$0\" -c \"$1\"";
    let outcome = run(command.args(["-c", limit]).arg(python).arg(program), 120);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}

/// The walk of a trace is made thousands of times: were it to take blocks, the table would count them.
#[test]
fn a_trace_takes_no_block() {
    let Some(program) = Compiled::new("guarded.c", &[]) else { return };
    if !library().is_ours_or_skip("guarded blocks") {
        return;
    }
    let taken = |rate: &str| {
        let mut command = command(program.path());
        command.arg("no case").env("HAKMEM_STATS", "1").env("HAKMEM_GUARD_RATE", rate);
        let outcome = run(library().preload(&mut command), 20);
        let row = outcome.stderr.lines().find(|line| line.contains("blocks taken")).expect("the table has the row");
        row.split_whitespace().last().expect("a number").parse::<u64>().expect("a number")
    };
    assert_eq!(taken("1"), taken("1000000"));
}
