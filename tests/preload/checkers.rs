//! Checkers: valgrind's judges with the library itself at work, told of every block; sanitizers, for which it stands
//! back; and the setting that has it stand back for anybody. The long form is `tests/checkers/run`.

use std::process::Command;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;

/// What valgrind leaves alone then is our malloc, not the C library's.
const OURS: &str = "--soname-synonyms=somalloc=nouserintercepts";
const FOUND: i32 = 99;

/// A program under a tool of valgrind's; `None` if that is not installed.
fn judged(tool: &str, options: &[&str], program: &Compiled, arguments: &[&str]) -> Option<Outcome> {
    let valgrind = find_or_skip("valgrind")?;
    if !library().is_ours_or_skip("valgrind") {
        return None;
    }
    let mut command = command(valgrind);
    command.args([&format!("--tool={tool}"), "--error-exitcode=99", "--fair-sched=try"]).args(options);
    command.arg(program.path()).args(arguments);
    Some(run(library().preload(&mut command), 300))
}

fn assert_clean(tool: &str, what: &str, outcome: &Outcome) {
    assert_eq!(outcome.code(), 0, "{tool} of {what}: {}{}", outcome.text(), outcome.stderr);
    assert!(outcome.stderr.contains("ERROR SUMMARY: 0 errors"), "{tool} of {what}: {}", outcome.stderr);
    assert!(outcome.stderr.contains(" serves process "), "{tool} of {what}: {}", outcome.stderr);
}

/// Threads that come and go, hand blocks over, and free what ended ones left.
fn finds_nothing(tool: &str, options: &[&str]) {
    for (source, flags) in [
        ("churn.c", &["-DTHREADS=32"] as &[_]),
        ("handover.c", &["-DBLOCKS=1500"]),
        ("exits.cc", &["-std=c++17", "-DROUNDS=3"]),
    ] {
        let Some(program) = Compiled::new(source, flags) else { return };
        let options = [&[OURS], options].concat();
        let Some(outcome) = judged(tool, &options, &program, &[]) else { return };
        assert_clean(tool, source, &outcome);
    }
}

#[test]
fn memcheck_finds_nothing() {
    finds_nothing("memcheck", &["--leak-check=full", "--errors-for-leak-kinds=definite"]);
}

#[test]
fn helgrind_finds_nothing() {
    finds_nothing("helgrind", &[]);
}

#[test]
fn drd_finds_nothing() {
    finds_nothing("drd", &[]);
}

/// Each of the program's own mistakes is named, and nothing else.
#[test]
fn valgrind_names_mistakes() {
    let Some(program) = Compiled::new("mistakes.c", &[]) else { return };
    for (tool, mistake, words) in [
        ("memcheck", "use after free", "4 bytes inside a block of size 48 free'd"),
        ("memcheck", "overflow", "0 bytes after a block of size 48 alloc'd"),
        ("memcheck", "underflow", "1 bytes before a block of size 48 alloc'd"),
        ("memcheck", "uninitialised", "depends on uninitialised value"),
        ("memcheck", "old block", "4 bytes inside a block of size 48 free'd"),
        ("memcheck", "large", "0 bytes after a block of size 3,145,728 alloc'd"),
        ("memcheck", "leak", "100 bytes in 1 blocks are definitely lost"),
        ("memcheck", "double free", "Invalid free()"),
        ("helgrind", "race", "Possible data race"),
        ("drd", "race", "Conflicting"),
    ] {
        let options: &[_] =
            if tool == "memcheck" { &[OURS, "--leak-check=full", "--errors-for-leak-kinds=definite"] } else { &[OURS] };
        let Some(outcome) = judged(tool, options, &program, &[mistake]) else { return };
        let said = &outcome.stderr;
        assert!(said.contains(words), "{tool} of {mistake} does not say \"{words}\":\n{said}");
        let code = outcome.code();
        assert!(code == FOUND || mistake == "double free", "{tool} of {mistake} ended with {code}:\n{said}");
    }
    for tool in ["memcheck", "helgrind", "drd"] {
        let Some(outcome) = judged(tool, &[OURS], &program, &[]) else { return };
        assert_clean(tool, "no mistake", &outcome);
    }
}

/// Without the option valgrind puts its own functions in the place of ours, of those that it knows. The others go
/// where these go.
#[test]
fn what_valgrind_does_not_replace_passes_on() {
    let Some(program) = Compiled::new("entry_points.c", &[]) else { return };
    let Some(outcome) = judged("memcheck", &[], &program, &[]) else { return };
    let text = outcome.text();
    assert!(outcome.stderr.contains("asks: valgrind serves it"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("ERROR SUMMARY: 0 errors"), "{}", outcome.stderr);
    // Two ask about memory that valgrind keeps.
    let wrong = text.lines().filter(|line| line.starts_with("FAIL"));
    let wrong: Vec<_> = wrong.filter(|line| !line.contains(" malloc_trim:") && !line.contains(" mallinfo")).collect();
    assert!(wrong.is_empty() && text.lines().count() > 10, "{wrong:?}\n{text}{}", outcome.stderr);
}

/// A program built with a sanitizer; `None` if the compiler has none.
fn sanitized(sanitizer: &str) -> Option<Compiled> {
    let library = format!("lib{}.so", if sanitizer == "thread" { "tsan" } else { "asan" });
    let gcc = find_or_skip("gcc")?;
    let found = run(command(gcc).arg(format!("-print-file-name={library}")), 20).text();
    if !found.contains('/') {
        crate::child::skipped(&format!("{library} is not installed"));
        return None;
    }
    Compiled::new("mistakes.c", &[&format!("-fsanitize={sanitizer}"), "-O0"])
}

/// Its runtime, as `LD_PRELOAD` wants it.
fn runtime(program: &Compiled) -> String {
    let needed = run(command("ldd").arg(program.path()), 20).text();
    let row = needed.lines().find(|row| row.contains("libasan") || row.contains("libtsan"));
    row.and_then(|row| row.split_whitespace().nth(2)).expect("the program needs a runtime").to_owned()
}

fn stands_back(command: &mut Command) -> Outcome {
    let outcome = run(command.env("HAKMEM_VERBOSE", "1"), 60);
    let words = "asks: a sanitizer is in the process";
    assert!(outcome.stderr.contains(words), "no word of standing back:\n{}", outcome.stderr);
    outcome
}

#[test]
fn address_sanitizer_names_mistakes_beside_us() {
    if !library().is_ours_or_skip("sanitizers") {
        return;
    }
    let Some(program) = sanitized("address") else { return };
    let both = format!("{}:{}", runtime(&program), library().shared.display());
    let orders: [&[(&str, &str)]; 2] = [
        // First, as it wants to be; or told to bear with us.
        &[("LD_PRELOAD", &both)],
        &[
            ("LD_PRELOAD", library().shared.to_str().expect("a plain path")),
            ("ASAN_OPTIONS", "verify_asan_link_order=0"),
        ],
    ];
    for order in orders {
        for (mistake, words) in [
            ("use after free", "heap-use-after-free"),
            ("overflow", "heap-buffer-overflow"),
            ("leak", "detected memory leaks"),
            ("double free", "attempting double-free"),
        ] {
            let outcome = stands_back(command(program.path()).arg(mistake).envs(order.iter().copied()));
            assert!(outcome.stderr.contains(words), "{mistake}: {}", outcome.stderr);
            assert_ne!(outcome.code(), 0, "{mistake}");
        }
        let outcome = stands_back(command(program.path()).envs(order.iter().copied()));
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
    }
}

#[test]
fn thread_sanitizer_names_races_beside_us() {
    if !library().is_ours_or_skip("sanitizers") {
        return;
    }
    let Some(program) = sanitized("thread") else { return };
    let outcome = stands_back(command(program.path()).arg("race").env("LD_PRELOAD", &library().shared));
    assert!(outcome.stderr.contains("ThreadSanitizer: data race"), "{}", outcome.stderr);
    let outcome = stands_back(command(program.path()).env("LD_PRELOAD", &library().shared));
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}

#[test]
fn check_names_sanitizers() {
    let Some(program) = sanitized("address") else { return };
    if !library().is_ours_or_skip("the program hakmem") {
        return;
    }
    let outcome = run(command(&library().program).arg("check").arg(program.path()), 20);
    assert_eq!(outcome.code(), 1, "{}", outcome.text());
    let text = outcome.text();
    assert!(text.contains(": no: sanitizer inside: stands back, so that AddressSanitizer sees every call"), "{text}");
}

/// Its runtime is in the program, whose own malloc goes before every library's.
#[test]
fn a_runtime_inside_the_program_is_told() {
    let Some(program) = sanitized("address").filter(|_| library().is_ours_or_skip("the banner")) else { return };
    assert!(program.add("mistakes.c", "program", &["-fsanitize=address", "-static-libasan", "-O0"]));
    let outcome = program.run(&["overflow"], true, 60);
    assert!(outcome.stderr.contains("heap-buffer-overflow"), "{}", outcome.stderr);
    let words = format!(", but malloc is that of {}, which goes first", program.path().display());
    assert!(outcome.library_lines()[0].ends_with(&words), "{}", outcome.stderr);
}

/// Every entry point does what the C library's does, because it is the C library's.
#[test]
fn calls_pass_through_by_setting() {
    if !library().is_ours_or_skip("settings") {
        return;
    }
    for (source, flags) in [("entry_points.c", &[] as &[_]), ("edges.c", &[]), ("operators.cc", &["-std=c++17"])] {
        let Some(program) = Compiled::new(source, flags) else { return };
        let bare = program.run(&[], false, 60);
        let mut passed = command(program.path());
        let outcome = run(library().preload(&mut passed).env("HAKMEM_PASS_THROUGH", "1"), 60);
        assert!(outcome.stderr.contains("asks: setting pass_through"), "{}", outcome.stderr);
        assert_eq!(outcome.code(), bare.code(), "{source}: {}", outcome.stderr);
        // A function that this C library does not have is ours all the same.
        let words = |text: &str| text.replace("absent ", "ok ");
        assert_eq!(words(&outcome.text()), words(&bare.text()), "{source}: {}", outcome.stderr);
    }
    let Some(program) = Compiled::new("churn.c", &["-DTHREADS=200"]) else { return };
    let outcome = run(library().preload(&mut command(program.path())).env("HAKMEM_PASS_THROUGH", "1"), 60);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}

/// Found that such a program, Debian's python3 among them, was passed on to itself for ever.
#[test]
fn a_program_with_entries_of_its_own_is_served_and_passed_on() {
    let Some(program) = Compiled::new("addressed.c", &["-no-pie", "-fno-pic"]) else { return };
    assert_eq!(program.succeeds(&[], 20).text(), "done\n");
    if !library().is_ours_or_skip("settings") {
        return;
    }
    let outcome = run(library().preload(&mut command(program.path())).env("HAKMEM_PASS_THROUGH", "1"), 20);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}

/// heaptrack's library goes before ours and asks us; what it writes down must hold the program's calls.
#[test]
fn heaptrack_sees_every_call() {
    let (Some(heaptrack), Some(print)) = (find_or_skip("heaptrack"), find_or_skip("heaptrack_print")) else { return };
    if !library().is_ours_or_skip("heaptrack") {
        return;
    }
    let Some(program) = Compiled::new("churn.c", &["-DTHREADS=64"]) else { return };
    let mut traced = command(heaptrack);
    let folder = program.path().parent().expect("a folder of its own");
    traced.arg(program.path()).current_dir(folder);
    let outcome = run(library().preload(&mut traced), 120);
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
    assert!(outcome.text().contains("done"), "{}{}", outcome.text(), outcome.stderr);
    let files = std::fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("an entry").path());
    let file = files.filter(|path| path.extension().is_some_and(|end| end == "zst" || end == "gz")).last();
    let file = file.expect("heaptrack wrote its trace");
    let table = run(command(print).arg(file), 120).text();
    let calls = table.lines().find_map(|line| line.strip_prefix("calls to allocation functions: "));
    let calls: u64 = calls.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).expect("a count of calls");
    // 64 threads of 60 blocks.
    assert!(calls >= 64 * 60, "{table}");
}

/// massif is told nothing and replaces our functions; it still counts every block.
#[test]
fn massif_counts_blocks() {
    let Some(program) = Compiled::new("mistakes.c", &[]) else { return };
    let out = program.path().with_file_name("massif.out");
    let out_option = format!("--massif-out-file={}", out.display());
    let Some(outcome) = judged("massif", &[&out_option], &program, &[]) else { return };
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let figures = std::fs::read_to_string(&out).expect("massif wrote its figures");
    assert!(figures.contains("mem_heap_B=48"), "{figures}");
}
