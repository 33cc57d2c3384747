//! Where memory runs out, the report says so: from threads with small stacks, children and handlers too.

use std::process::Command;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;

/// Kilobytes of addresses.
const LIMIT: u32 = 524_288;

fn limited(program: &Compiled, case: &str) -> Option<Command> {
    let mut command = command(find_or_skip("bash")?);
    let script = format!("ulimit -v {LIMIT} && LD_PRELOAD={} exec \"$0\" \"$@\"", library().shared.display());
    command.args(["-c", &script]).arg(program.path()).arg(case).env("HAKMEM_OOM_REPORT", "1");
    Some(command)
}

/// The first line is about this operation and so many bytes, and has every figure.
fn assert_told(case: &str, outcome: &Outcome, operation: &str, bytes: usize) {
    let first = outcome.stderr.lines().next().unwrap_or_default();
    let head = format!("hakmem: out of memory: {operation} of {bytes} bytes refused (MiB: mapped ");
    assert!(first.starts_with(&head), "{case}: {}", outcome.stderr);
    for figure in [", active ", ", cached ", ", large ", ", addresses ", " of 512; mappings ", " of "] {
        assert!(first.contains(figure), "{case}: {first}");
    }
    let rest: Vec<_> = outcome.stderr.lines().skip(1).collect();
    assert!(rest[0].starts_with("hakmem: statistics of process "), "{case}: {rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("hakmem:   mapped ")), "{case}: {rest:?}");
    let classes = rest.iter().any(|line| line.starts_with("hakmem:   blocks of 112 "));
    assert_eq!(classes, case == "small", "{case}: {rest:?}");
}

#[test]
fn every_way_to_run_out_is_told() {
    let Some(program) = Compiled::new("memory_out.c", &[]) else { return };
    if !library().is_ours_or_skip("reports") {
        return;
    }
    let (mib, far) = (1 << 20, 1000 << 20);
    let cases = [
        ("small", "malloc", 100),
        ("large", "malloc", 10 * mib),
        ("one", "malloc", far),
        ("calloc", "calloc", far),
        ("realloc", "realloc", far),
        ("posix_memalign", "posix_memalign", far),
        ("memalign", "memalign", far),
        ("thread", "malloc", 10 * mib),
        ("handler", "malloc", far),
        ("child", "malloc", 10 * mib),
    ];
    for (case, operation, bytes) in cases {
        let Some(mut command) = limited(&program, case) else { return };
        let outcome = run(&mut command, 60);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "refused\n"), "{case}: {}", outcome.stderr);
        assert_told(case, &outcome, operation, bytes);
    }
}

#[test]
fn the_first_is_told_and_then_the_doublings() {
    let Some(program) = Compiled::new("memory_out.c", &[]) else { return };
    let Some(mut command) = limited(&program, "nine times").filter(|_| library().is_ours_or_skip("reports")) else {
        return;
    };
    let outcome = run(&mut command, 20);
    let told: Vec<_> = outcome.stderr.lines().filter(|line| line.contains("out of memory")).collect();
    assert_eq!(told.len(), 4, "{}", outcome.stderr);
    for (line, words) in told.iter().zip(["refused (", "refused, request 2 that was (", "request 4", "request 8"]) {
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn new_throws_and_is_told() {
    let Some(program) = Compiled::new("no_memory.cc", &[]) else { return };
    let Some(mut command) = limited(&program, "").filter(|_| library().is_ours_or_skip("reports")) else { return };
    let outcome = run(&mut command, 20);
    assert_eq!(outcome.text(), "bad_alloc after 3 calls\n", "{}", outcome.stderr);
    assert_told("new", &outcome, "malloc", 1000 << 20);
}

#[test]
fn nothing_is_told_by_default() {
    let Some(program) = Compiled::new("memory_out.c", &[]) else { return };
    for case in ["small", "one"] {
        let Some(mut command) = limited(&program, case) else { return };
        let outcome = run(command.env_remove("HAKMEM_OOM_REPORT"), 60);
        assert_eq!((outcome.text().as_str(), outcome.stderr.as_str()), ("refused\n", ""));
    }
}

#[test]
fn a_rust_program_says_so_too() {
    let Some(rustc) = find_or_skip("rustc") else { return };
    if !library().is_ours_or_skip("reports") {
        return;
    }
    let folder = crate::scratch::Scratch::new();
    let (source, program) = (folder.join("program.rs"), folder.join("program"));
    std::fs::write(
        &source,
        "fn main() { let v: Vec<u8> = Vec::with_capacity(1000 << 20); println!(\"{}\", std::hint::black_box(v).capacity()) }",
    )
    .expect("the scratch folder can be written");
    let outcome = run(command(rustc).arg("-O").arg(&source).arg("-o").arg(&program), 120);
    assert!(outcome.status.success(), "{}", outcome.stderr);
    let mut command = command(find_or_skip("bash").expect("bash is here"));
    let script = format!("ulimit -v {LIMIT} && LD_PRELOAD={} exec \"$0\"", library().shared.display());
    command.args(["-c", &script]).arg(&program).env("HAKMEM_OOM_REPORT", "1");
    let outcome = run(&mut command, 20);
    assert_told("rust", &outcome, "malloc", 1000 << 20);
    assert!(outcome.stderr.contains("memory allocation of 1048576000 bytes failed"), "{}", outcome.stderr);
}
