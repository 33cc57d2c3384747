//! A library before ours that wraps malloc, as glibc's memusage and profilers do: of each call of the program's it sees
//! what it would see of glibc's, and what it makes of blocks comes back to it.

use std::process::Command;

use crate::child::{Outcome, command, find, run, skipped};
use crate::compiled::Compiled;
use crate::library::library;

const CXX: [&str; 3] = ["-std=c++17", "-faligned-new", "-fsized-deallocation"];
const FUNCTIONS: u32 = 11;
/// malloc, free, calloc and realloc, which memusage wraps.
const FOUR: u32 = 0b1111;
const USABLE: u32 = 1 << 10;
const ALL: u32 = (1 << FUNCTIONS) - 1;

fn program() -> Option<Compiled> {
    Compiled::new("wrapped.cc", &CXX)
}

fn before(program: &Compiled, wrapper: &str, arguments: &[&str], served: bool) -> Outcome {
    let mut command = command(program.path());
    command.args(arguments).env("MEMUSAGE_OUTPUT", "/dev/null");
    let ours = library().shared.display();
    command.env("LD_PRELOAD", if served { format!("{wrapper}:{ours}") } else { wrapper.to_owned() });
    run(&mut command, 60)
}

/// Holds what the wrapper saw, and what came of it, against the same without us.
fn assert_same(program: &Compiled, wrapper: &str, arguments: &[&str], what: &str) {
    let bare = before(program, wrapper, arguments, false);
    assert!(bare.code() == 0 && bare.text().ends_with("done\n"), "{what} without us: {}{}", bare.text(), bare.stderr);
    let served = before(program, wrapper, arguments, true);
    let (bare, text) = (bare.text(), served.text());
    let at = bare.lines().zip(text.lines()).find(|(bare, served)| bare != served);
    assert_eq!(at, None, "{what}: {}", served.stderr);
    assert!(served.code() == 0 && bare == text, "{what} ended with {}: {}", served.code(), served.stderr);
}

fn assert_same_with(program: &Compiled, wraps: u32, heads: bool) {
    let mask = format!("-DWRAPS={wraps}");
    let flags = ["-shared", "-fPIC", &mask, if heads { "-DHEADS" } else { "-DPLAIN" }];
    assert!(program.add("wrapper.c", "wrapper.so", &flags));
    let wrapper = program.path().with_file_name("wrapper.so");
    let arguments: &[_] = if heads { &["heads"] } else { &[] };
    assert_same(program, wrapper.to_str().expect("a plain path"), arguments, &format!("wraps {wraps:b}, {heads}"));
}

#[test]
fn a_wrapper_sees_what_it_would_see_of_glibcs() {
    let Some(program) = program() else { return };
    let sets = [FOUR, ALL, 0b11, 0b11_0011, 0b10_0010, FOUR | 0b10_0000, ALL & !FOUR];
    for wraps in (0..FUNCTIONS).map(|function| 1 << function).chain(sets) {
        assert_same_with(&program, wraps, false);
    }
}

#[test]
fn a_wrapper_that_keeps_heads_gets_its_blocks_back() {
    let Some(program) = program() else { return };
    for wraps in [FOUR, FOUR | USABLE, FOUR | 0b11_0000, ALL] {
        assert_same_with(&program, wraps, true);
    }
}

/// What a C program loads late may be C++: it takes and gives back by the wrapper's functions as well.
#[test]
fn a_wrapper_sees_operators_of_a_late_library() {
    let Some(program) = Compiled::new("late_cxx.c", &[]) else { return };
    assert!(program.add("late_cxx.cc", "late.so", &["-std=c++17", "-shared", "-fPIC"]));
    let late = program.path().with_file_name("late.so");
    for heads in ["-DHEADS", "-DPLAIN"] {
        assert!(program.add("wrapper.c", "wrapper.so", &["-shared", "-fPIC", heads]));
        let wrapper = program.path().with_file_name("wrapper.so");
        let arguments = [late.to_str().expect("a plain path")];
        assert_same(&program, wrapper.to_str().expect("a plain path"), &arguments, heads);
    }
}

/// glibc's own, under the program above and under a few that are there anyway.
#[test]
fn memusage_works_before_us() {
    if find("/lib/x86_64-linux-gnu/libmemusage.so").is_none() {
        return skipped("libmemusage.so is not installed");
    }
    let Some(wrapped) = program() else { return };
    assert_same(&wrapped, "libmemusage.so", &["heads"], "memusage");
    for (program, arguments) in
        [("ls", &["-l", "/usr/lib"][..]), ("sort", &["/etc/passwd"]), ("bash", &["-c", "echo $((3*4))"])]
    {
        let Some(program) = find(program) else { continue };
        let counted = |served: bool| {
            let mut command: Command = command(&program);
            let preload = format!("libmemusage.so:{}", library().shared.display());
            command.args(arguments).env("LD_PRELOAD", if served { &preload } else { "libmemusage.so" });
            run(&mut command, 60)
        };
        let (bare, served) = (counted(false), counted(true));
        assert_eq!((served.code(), served.text()), (0, bare.text()), "{program:?}: {}", served.stderr);
        // Some close their stderr before the summary.
        let is_told = |outcome: &Outcome| outcome.stderr.contains("Memory usage summary");
        assert_eq!(is_told(&served), is_told(&bare), "{program:?}: {}", served.stderr);
    }
}
