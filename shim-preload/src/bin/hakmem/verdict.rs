//! Verdict: whether the preload will take effect in a program, told from its file alone.

use std::env;
use std::path::Path;

use crate::elf::Elf;
use crate::{library, privilege, program};

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// The program's malloc will be ours.
    Takes,
    /// The library will be loaded, but another allocator goes before it.
    Bypassed,
    /// It will not.
    None,
    /// The file cannot be read, so nobody knows.
    Unknown,
}

/// One fact about a program and what to do about it.
#[derive(Debug)]
pub(crate) struct Finding {
    /// What it means.
    pub(crate) effect: Effect,
    /// What is so, and the remedy.
    pub(crate) words: String,
}

/// What is known of a program before it is started.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// At least one.
    pub(crate) findings: Vec<Finding>,
}

impl Verdict {
    /// The gravest of the findings.
    pub(crate) fn effect(&self) -> Effect {
        self.findings.iter().map(|finding| finding.effect).max().unwrap_or(Effect::Unknown)
    }
}

/// Functions of other allocators by which a program may call them around us.
const PREFIXED: [(&str, &str); 8] = [
    ("je_malloc", "jemalloc"),
    ("_rjem_malloc", "jemalloc"),
    ("mi_malloc", "mimalloc"),
    ("tc_malloc", "tcmalloc"),
    ("rpmalloc", "rpmalloc"),
    ("sn_rust_alloc", "snmalloc"),
    ("dlmalloc", "dlmalloc"),
    ("scalable_malloc", "tbbmalloc"),
];
/// Libraries of other allocators.
const LIBRARIES: [&str; 6] =
    ["libjemalloc", "libtcmalloc", "libmimalloc", "librpmalloc", "libsnmalloc", "libtbbmalloc"];

/// Sanitizers: a function of their runtime's, its library, their name.
const SANITIZERS: [(&str, &str, &str); 5] = [
    ("__asan_init", "libasan", "AddressSanitizer"),
    ("__tsan_init", "libtsan", "ThreadSanitizer"),
    ("__msan_init", "libmsan", "MemorySanitizer"),
    ("__hwasan_init", "libhwasan", "HWAddressSanitizer"),
    ("__lsan_init", "liblsan", "LeakSanitizer"),
];

/// Reads the file `path`, or the interpreter's if it is a script.
pub(crate) fn of(path: &Path) -> Verdict {
    let mut findings = vec![];
    let mut add = |effect, words: String| findings.push(Finding { effect, words });
    match program::behind_scripts(path) {
        Err(why) => add(Effect::Unknown, why.message().to_owned()),
        Ok(target) => {
            let through =
                if target == path { String::new() } else { format!("its interpreter {}: ", target.display()) };
            match Elf::read(&target, is_wanted) {
                Err(why) => add(
                    Effect::Unknown,
                    format!("{through}cannot be read: {why}; start a readable ELF program, or a script as `sh FILE`"),
                ),
                Ok(elf) => examine(&elf, &target, |effect, words| add(effect, format!("{through}{words}"))),
            }
            if findings.is_empty() {
                let through = if through.is_empty() { String::new() } else { format!(" through {}", target.display()) };
                findings.push(Finding { effect: Effect::Takes, words: format!("takes effect{through}") });
            }
        }
    }
    Verdict { findings }
}

fn is_wanted(name: &str) -> bool {
    name == "malloc" || PREFIXED.iter().any(|row| row.0 == name) || SANITIZERS.iter().any(|row| row.0 == name)
}

/// Tells `add` everything that stands in the way.
fn examine(elf: &Elf, path: &Path, mut add: impl FnMut(Effect, String)) {
    if let Some(ours) = our_machine().filter(|ours| ours.machine != elf.machine) {
        let (theirs, ours) = (elf.machine.name(), ours.machine.name());
        let words = format!(
            "of the wrong architecture: it is {theirs}, the library {ours}; set HAKMEM_LIBRARY to a libhakmem.so built for {theirs}"
        );
        return add(Effect::None, words);
    }
    let Some(loader) = &elf.interp else {
        return add(
            Effect::None,
            "statically linked: no loader reads LD_PRELOAD for it; link it dynamically (without -static), or in Rust \
             make hakmem its #[global_allocator]"
                .into(),
        );
    };
    if !Path::new(loader).exists() {
        return add(
            Effect::None,
            format!("unable to start: its loader {loader} is not there; install the C library it was built for"),
        );
    }
    if loader.contains("ld-musl") {
        add(
            Effect::None,
            format!(
                "linked to musl ({loader}): the library needs glibc; build the program for glibc (in Rust: --target …-linux-gnu)"
            ),
        );
    }
    if let Some(rights) = privilege::of(path) {
        add(
            Effect::None,
            format!(
                "{rights}: the loader ignores LD_PRELOAD where a file gives rights; run a copy without them (cp keeps none)"
            ),
        );
    }
    if let Some((_, runtime, name)) = SANITIZERS.iter().find(|row| has_sanitizer(elf, row)) {
        let order = if *name == "AddressSanitizer" {
            format!(
                "; it wants to be loaded first: LD_PRELOAD={runtime}.so.N:libhakmem.so, or ASAN_OPTIONS=verify_asan_link_order=0"
            )
        } else {
            String::new()
        };
        add(
            Effect::Bypassed,
            format!(
                "sanitizer inside: stands back, so that {name} sees every call{order}; build it without -fsanitize"
            ),
        );
    } else if elf.exported.iter().any(|name| name == "malloc") {
        add(Effect::Bypassed, "another allocator inside: it defines malloc itself, and that goes before LD_PRELOAD; build it without its own allocator".into());
    } else if let Some((name, owner)) =
        PREFIXED.iter().find(|row| elf.exported.iter().chain(&elf.inside).any(|name| name == row.0))
    {
        add(
            Effect::Bypassed,
            format!(
                "another allocator inside: it defines {name} ({owner}), and what it asks of that does not reach us; build it without {owner}"
            ),
        );
    }
    for needed in elf.needed.iter().filter(|needed| LIBRARIES.iter().any(|library| needed.starts_with(library))) {
        add(
            Effect::Takes,
            format!(
                "takes effect, but it needs {needed}: LD_PRELOAD goes first for malloc, prefixed calls into {needed} do not reach us; build it without {needed} to have all"
            ),
        );
    }
}

fn has_sanitizer(elf: &Elf, (symbol, library, _): &(&str, &str, &str)) -> bool {
    elf.needed.iter().any(|needed| needed.starts_with(library))
        || elf.exported.iter().chain(&elf.inside).any(|name| name == symbol)
}

/// The library's file; this program's own if there is no library, they are built together.
fn our_machine() -> Option<Elf> {
    let path = library::find().ok().or_else(|| env::current_exe().ok())?;
    Elf::read(&path, |_| false).ok()
}
