//! gdb with the library in the program: whatever wants a string in the program's memory has the program call malloc.

use crate::child::{command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;

/// What a person types, and words that must stand in an answer to it.
const SESSION: [(&str, &str); 11] = [
    ("break look if $_streq(name, \"name3\")", "Breakpoint 1"),
    ("run", "look (name="),
    ("print name", "\"name3\""),
    ("print strdup(\"a copy\")", "\"a copy\""),
    ("print malloc(10) != 0", "= 1"),
    ("print *(int *)calloc(1, 4) + 77", "= 77"),
    ("call free(malloc(100))", ""),
    ("print sizeof(malloc(1))", "= 8"),
    ("ptype malloc", "*(usize)"),
    ("set var name = \"changed\"", ""),
    ("print look(\"hello\", 2)", "= 7"),
];

#[test]
fn a_debugger_has_the_program_call_malloc() {
    let Some(gdb) = find_or_skip("gdb") else { return };
    let Some(program) = Compiled::new("debugged.c", &[]) else { return };
    let preload = format!("set exec-wrapper env LD_PRELOAD={}", library().shared.display());
    let mut session = command(gdb);
    session.args(["-q", "-nx", "-batch", "-ex", &preload]);
    for (number, (line, _)) in SESSION.iter().enumerate() {
        session.args(["-ex", &format!("echo line {number}:\\n"), "-ex", line]);
    }
    let outcome = run(session.arg(program.path()), 120);
    let text = outcome.text();
    for (number, (line, words)) in SESSION.iter().enumerate() {
        if line.starts_with("ptype") && !library().is_ours_or_skip("types") {
            continue;
        }
        let answer = text.split(&format!("line {number}:\n")).nth(1).unwrap_or("");
        let answer = answer.split("line ").next().unwrap_or("");
        assert!(answer.contains(words), "{line}: {answer:?}\n{text}{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("call to malloc failed"), "{}", outcome.stderr);
}

/// From a slow path of ours up to main.
#[test]
fn a_debugger_sees_through_us() {
    let (Some(gdb), true) = (find_or_skip("gdb"), library().is_ours_or_skip("backtraces")) else { return };
    let Some(program) = Compiled::new("debugged.c", &[]) else { return };
    let preload = format!("set exec-wrapper env LD_PRELOAD={}", library().shared.display());
    let mut session = command(gdb);
    session.args(["-q", "-nx", "-batch", "-ex", &preload, "-ex", "break main", "-ex", "run"]);
    session.args(["-ex", "break hakmem::malloc::malloc_slow", "-ex", "continue", "-ex", "backtrace"]);
    let outcome = run(session.arg(program.path()), 120);
    let text = outcome.text();
    let frame = |words: &str| text.lines().any(|line| line.starts_with('#') && line.contains(words));
    assert!(frame("malloc_slow") && frame("main ()"), "{text}{}", outcome.stderr);
}
