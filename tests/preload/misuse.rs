//! Every misuse has its own run and its exact last words; a foreign block that has an owner is no misuse.

use std::os::unix::process::ExitStatusExt;

use crate::child::{command, run};
use crate::compiled::Compiled;
use crate::library::library;

const SIGABRT: i32 = 6;

const TWICE: &str = "double free";
const STACK: &str = "invalid free: stack address";
const INNER: &str = "invalid free: not the start of a block";
const MISALIGNED: &str = "invalid free: misaligned";
const FOREIGN: &str = "invalid free: not from this allocator";

/// Case of `c/misuse.c`, its words, the operation, bytes of the block (0: not told).
const CASES: [(&str, &str, &str, usize); 48] = [
    ("stack", STACK, "free", 0),
    ("another thread's stack", FOREIGN, "free", 0),
    ("static", FOREIGN, "free", 0),
    ("literal", FOREIGN, "free", 0),
    ("code", FOREIGN, "free", 0),
    ("wild low", FOREIGN, "free", 0),
    ("wild high", FOREIGN, "free", 0),
    ("wild odd", FOREIGN, "free", 0),
    ("mapped", FOREIGN, "free", 0),
    ("inner", INNER, "free", 64),
    ("inner mid", INNER, "free", 20 << 10),
    // Of a large block only the start is known.
    ("inner big", FOREIGN, "free", 0),
    ("misaligned", MISALIGNED, "free", 64),
    ("misaligned big", FOREIGN, "free", 0),
    ("inner packed", INNER, "free", 20 << 10),
    ("inner run", INNER, "free", 300 << 10),
    ("misaligned mid", MISALIGNED, "free", 20 << 10),
    ("misaligned packed", MISALIGNED, "free", 20 << 10),
    ("free after realloc", TWICE, "free", 48),
    ("free after realloc mid", TWICE, "free", 20 << 10),
    ("free after realloc run", TWICE, "free", 0),
    ("free after realloc big", TWICE, "free", 0),
    ("double packed", TWICE, "free", 20 << 10),
    ("double aligned big", TWICE, "free", 0),
    ("double delete", TWICE, "free", 48),
    ("double delete[]", TWICE, "free", 48),
    ("double", TWICE, "free", 48),
    ("double tiny", TWICE, "free", 16),
    ("double aligned", TWICE, "free", 4096),
    ("double mid", TWICE, "free", 20 << 10),
    // The span went back whole with its only block.
    ("double span", TWICE, "free", 0),
    ("double big", TWICE, "free", 0),
    ("double huge", TWICE, "free", 0),
    ("double late", TWICE, "free", 48),
    ("double from another thread", TWICE, "free", 48),
    ("double after another thread", TWICE, "free", 48),
    ("double from another thread mid", TWICE, "free", 20 << 10),
    ("double from another thread run", TWICE, "free", 0),
    ("double from another thread big", TWICE, "free", 0),
    ("realloc of freed", TWICE, "realloc", 48),
    ("realloc of freed big", TWICE, "realloc", 0),
    ("realloc inner", INNER, "realloc", 64),
    ("use of a freed block's size", TWICE, "malloc_usable_size", 48),
    ("use of a freed block's size, mid", TWICE, "malloc_usable_size", 20 << 10),
    ("use of a freed block's size, packed", TWICE, "malloc_usable_size", 20 << 10),
    ("use of a freed block's size, run", TWICE, "malloc_usable_size", 0),
    ("use of a freed block's size, big", TWICE, "malloc_usable_size", 0),
    ("usable size of static", FOREIGN, "malloc_usable_size", 0),
];

#[test]
fn every_misuse_ends_with_its_words() {
    if !library().is_ours_or_skip("misuse") {
        return;
    }
    let Some(program) = Compiled::new("misuse.c", &[]) else { return };
    let mut wrong = Vec::new();
    for (case, words, operation, bytes) in CASES {
        let outcome = program.run(&[case], true, 20);
        let text = outcome.text();
        let address = text.lines().next().unwrap_or("no address");
        let block = if bytes > 0 { format!(" (a block of {bytes} bytes)") } else { String::new() };
        let expected = format!("hakmem: {words} of {address} by {operation}{block}");
        let said = outcome.stderr.lines().last().unwrap_or_default();
        if said != expected || outcome.status.signal() != Some(SIGABRT) {
            wrong.push(format!("{case}: {}\n  expected {expected}\n  and said {said}", outcome.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fault_can_be_survived() {
    if !library().is_ours_or_skip("misuse") {
        return;
    }
    let Some(program) = Compiled::new("misuse.c", &[]) else { return };
    for (case, words, ..) in CASES {
        let mut misuse = command(program.path());
        let outcome = run(library().preload(misuse.arg(case)).env("HAKMEM_ON_FAULT", "report"), 20);
        assert_eq!(outcome.code(), 0, "{case}: {}", outcome.stderr);
        assert!(outcome.text().ends_with("survived\n"), "{case}: {}", outcome.text());
        let said = outcome.stderr.lines().last().unwrap_or_default();
        assert!(said.starts_with(&format!("hakmem: {words} of ")), "{case}: {said}");
    }
}

#[test]
fn a_foreign_block_finds_its_owner() {
    let Some(program) = Compiled::new("host.c", &[]) else { return };
    if !library().is_ours_or_skip("foreign blocks") || !program.add("plugin.c", "plugin.so", &["-shared", "-fPIC"]) {
        return;
    }
    for served in [false, true] {
        let outcome = program.run(&["./plugin.so"], served, 60);
        let text = outcome.text();
        assert!(text.lines().all(|line| line.starts_with("ok ")), "{text}{}", outcome.stderr);
        assert_eq!((text.lines().count(), outcome.code()), (5, 0), "{text}{}", outcome.stderr);
        if served {
            library().assert_served_quietly(&outcome);
        }
    }
}

/// What lies before it may be anything: another allocator's blocks too.
#[test]
fn nobodys_block_is_never_taken_for_the_c_librarys_where_nothing_is() {
    let Some(program) = Compiled::new("heads.c", &[]) else { return };
    let outcome = program.run(&[], true, 60);
    assert_eq!(outcome.text(), "done\n", "{}", outcome.stderr);
}
