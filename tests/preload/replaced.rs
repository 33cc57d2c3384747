//! C++ operators that a program replaces: every other form reaches them, in the order in which the C++ library calls
//! them. The measure is the same program without us.

use crate::child::{command, run};
use crate::compiled::Compiled;
use crate::library::library;

const CXX: [&str; 3] = ["-std=c++17", "-faligned-new", "-fsized-deallocation"];
const FORMS: u32 = 20;
/// new and delete, as most replace them; each with their arrays, nothrow and aligned forms.
const SETS: [u32; 10] = [
    0,
    0b1_0000_0001,
    0b11_0000_0011,
    0b1100_0000_1100,
    0b1_0001_0000_0001,
    0b0100_0000_0001_0000,
    0b0100_0001_0001_0001,
    0b1100_0011_0011_0011,
    0b1111_0000_0000_0000_0000,
    0b1111_1111_1111_1111_1111,
];

fn every_set() -> impl Iterator<Item = u32> {
    (0..FORMS).map(|form| 1 << form).chain(SETS)
}

fn flags(forms: u32, more: &[&str]) -> Vec<String> {
    let forms = format!("-DFORMS={forms}");
    CXX.iter().chain(more).map(|&flag| flag.to_owned()).chain([forms]).collect()
}

fn borrowed(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

/// Holds the program's words with us against those without.
fn assert_same(program: &Compiled, arguments: &[&str], what: &str) {
    let bare = program.run(arguments, false, 60);
    assert!(bare.code() == 0 && bare.text().ends_with("done\n"), "{what} without us: {}{}", bare.text(), bare.stderr);
    let served = program.run(arguments, true, 60);
    let (bare, text) = (bare.text(), served.text());
    let at = bare.lines().zip(text.lines()).find(|(bare, served)| bare != served);
    assert_eq!(at, None, "{what}: {}", served.stderr);
    assert!(served.code() == 0 && bare == text, "{what} ended with {}: {}", served.code(), served.stderr);
}

#[test]
fn every_form_reaches_what_the_program_replaces() {
    for forms in every_set() {
        let Some(program) = Compiled::new("replaced.cc", &borrowed(&flags(forms, &[]))) else { return };
        assert_same(&program, &[], &format!("forms {forms:b}"));
    }
}

#[test]
fn every_form_reaches_what_a_library_of_the_programs_replaces() {
    let Some(program) = Compiled::new("replaced.cc", &CXX) else { return };
    let folder = format!("-L{}", program.path().parent().expect("a folder").display());
    for forms in every_set() {
        let library = flags(forms, &["-DLIBRARY", "-shared", "-fPIC"]);
        assert!(program.add("replaced.cc", "libown.so", &borrowed(&library)));
        let link = [&CXX[..], &[&folder, "-Wl,--no-as-needed", "-lown", "-Wl,-rpath,$ORIGIN"]].concat();
        assert!(program.add("replaced.cc", "program", &link));
        assert_same(&program, &[], &format!("forms {forms:b} of a library"));
    }
}

/// What comes late replaces nothing, as without us.
#[test]
fn a_library_that_is_loaded_late_replaces_nothing() {
    let Some(program) = Compiled::new("replaced.cc", &CXX) else { return };
    for forms in SETS {
        let library = flags(forms, &["-DLIBRARY", "-shared", "-fPIC"]);
        assert!(program.add("replaced.cc", "libown.so", &borrowed(&library)));
        assert_same(&program, &["./libown.so"], &format!("forms {forms:b} of a late library"));
    }
}

/// Blocks with heads before them: one that takes another way than its kin ends the process.
#[test]
fn blocks_with_heads_come_back_to_who_made_them() {
    for link in [&["-no-pie", "-fno-pic"][..], &["-Wl,-z,lazy"], &["-Wl,-z,now"], &["-static-libstdc++", "-rdynamic"]] {
        for forms in [0b0100_0001_0001_0001, 0b1111_1111_1111_1111_1111] {
            let flags = flags(forms, &[&["-DHEADS"], link].concat());
            let Some(program) = Compiled::new("replaced.cc", &borrowed(&flags)) else { return };
            assert_same(&program, &[], &format!("forms {forms:b} with heads, {link:?}"));
        }
    }
}

/// With settings that close the fast paths, too.
#[test]
fn replaced_operators_are_reached_under_every_measure() {
    let flags = flags(0b1_0000_0001, &[]);
    let Some(program) = Compiled::new("replaced.cc", &borrowed(&flags)) else { return };
    let bare = program.run(&[], false, 60).text();
    for setting in ["harden:double_free+zero+junk+quarantine", "guard_rate:1", "pass_through:1", "stats:1"] {
        let mut served = command(program.path());
        let outcome = run(library().preload(&mut served).env("HAKMEM_CONF", setting), 60);
        assert_eq!((outcome.code(), outcome.text()), (0, bare.clone()), "{setting}: {}", outcome.stderr);
    }
}
