//! No package has a circle of files, and where a library's root writes its order down, every use points down.

use std::collections::{BTreeMap, BTreeSet};

use crate::circles::circles;
use crate::modules::{Module, modules_of};
use crate::uses::uses_of;
use crate::{none, sources};

/// The libraries whose roots have a staircase.
const STAIRCASES: [&str; 3] = ["core-nostd/src/lib.rs", "shim-std/src/lib.rs", "shim-preload/src/lib.rs"];

/// The modules of a root's staircase, the highest first: the first words of the lines of its first drawing.
fn staircase(root: &str) -> Vec<String> {
    let head = root.lines().map_while(|line| line.strip_prefix("//!"));
    let drawing = head.skip_while(|line| line.trim() != "```text").skip(1).take_while(|line| line.trim() != "```");
    drawing
        .filter_map(|line| line.strip_prefix(' ')?.split(' ').next().filter(|word| !word.is_empty()))
        .map(str::to_owned)
        .collect()
}

/// What is wrong with the uses of a package whose root has a staircase.
fn climbing(modules: &[Module], steps: &[String]) -> Vec<String> {
    let step_of: BTreeMap<&str, usize> = steps.iter().map(String::as_str).zip(0..).collect();
    let layer = |file: &str| {
        let module = modules.iter().find(|module| module.file == file)?;
        module.place.first().map(String::as_str)
    };
    let root = modules.first().map_or("", |module| module.file.as_str());
    let declared: BTreeSet<&str> =
        modules.iter().filter(|module| module.file != root).filter_map(|module| layer(&module.file)).collect();
    let mut wrong: Vec<String> = declared
        .iter()
        .filter(|name| !step_of.contains_key(*name))
        .map(|name| format!("{root}: {name} has no step"))
        .collect();
    wrong.extend(
        steps
            .iter()
            .filter(|step| !declared.contains(step.as_str()))
            .map(|step| format!("{root}: {step} is no module")),
    );
    for (file, used) in uses_of(modules) {
        let Some(own) = layer(&file).and_then(|name| step_of.get(name)) else { continue };
        let above =
            used.iter().filter(|used| layer(used).and_then(|name| step_of.get(name)).is_none_or(|step| step < own));
        wrong.extend(above.map(|used| format!("{file} uses {used}, which stands above it")));
    }
    wrong
}

/// The files that nobody declares: roots of packages, programs and tests.
fn roots(files: &BTreeMap<String, String>) -> Vec<String> {
    let first = |name: &&String| ["lib.rs", "main.rs"].iter().any(|end| name.ends_with(&format!("/{end}")));
    let mut roots: Vec<String> = files.keys().filter(first).cloned().collect();
    let declared: BTreeSet<String> =
        roots.iter().flat_map(|root| modules_of(root, files)).map(|module| module.file).collect();
    roots.extend(files.keys().filter(|file| !declared.contains(*file)).cloned());
    roots
}

#[test]
fn no_files_use_one_another_in_a_circle() {
    let files: BTreeMap<_, _> = sources("").into_iter().collect();
    let found = roots(&files).into_iter().flat_map(|root| circles(&uses_of(&modules_of(&root, &files))));
    none(found.collect(), "what a file uses does not use it; circles");
}

#[test]
fn a_module_uses_only_modules_below_it() {
    let files: BTreeMap<_, _> = sources("").into_iter().collect();
    let wrong = STAIRCASES.into_iter().flat_map(|root| climbing(&modules_of(root, &files), &staircase(&files[root])));
    none(wrong.collect(), "layers stand in the staircase of each library's lib.rs, and uses point down");
}

/// What is found in a package of these files.
fn found_in(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let files: BTreeMap<_, _> = files.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
    let modules = modules_of("lib.rs", &files);
    (circles(&uses_of(&modules)), climbing(&modules, &staircase(&files["lib.rs"])))
}

/// A root with three steps.
const ROOT: &str = "//! Layers.\n//!\n//! ```text\n//! top     a\n//! middle  b\n//! bottom  c\n//! ```\nmod top;\nmod middle;\nmod bottom;\n";

#[test]
fn uses_that_point_down_are_no_circle() {
    let files = [
        ("lib.rs", ROOT),
        ("top.rs", "use crate::middle::{self, act};\nfn top() { middle::act(); act(); bottom(); }"),
        ("middle/mod.rs", "//! [`crate::top`]\nmod inner;\npub use inner::act;"),
        ("middle/inner.rs", "pub fn act() { super::super::bottom::act(); /* crate::top::top() */ }"),
        ("bottom.rs", "pub fn act() { let words = \"crate::top::top()\"; }\nmod tests { use super::act; }"),
    ];
    assert_eq!(found_in(&files), (vec![], vec![]));
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let ways = [
        "use crate::top::top;",
        "use super::{top::top as other};",
        "use crate::{top::{self}};\nfn up() { top::top(); }",
        "fn up() { crate::top::top() }",
        "fn up(top: super::top::Top) {}",
        "fn up() { assert!(crate::top::top() > 1) }",
        "mod inner { fn up() { super::super::top::top() } }",
        "use super::top::*;",
        "pub use crate::top::top;\nfn up() { top() }",
        "fn up() { self::super::handed_on() }",
        "fn up() { crate::exported!() }",
    ];
    for way in ways {
        let root = format!("{ROOT}pub use top::top as handed_on;");
        let files = [
            ("lib.rs", root.as_str()),
            (
                "top.rs",
                "use crate::middle::act;\npub struct Top;\npub fn top() {}\n#[macro_export]\nmacro_rules! exported { () => {} }",
            ),
            ("middle.rs", "pub fn act() { crate::bottom::act() }"),
            ("bottom.rs", way),
        ];
        let (circles, climbing) = found_in(&files);
        assert_eq!(circles.len(), 1, "{way}: {circles:?}");
        assert!(
            ["top.rs -> middle.rs", "middle.rs -> bottom.rs", "bottom.rs -> top.rs"]
                .iter()
                .all(|arrow| circles[0].contains(arrow)),
            "{circles:?}"
        );
        assert_eq!(climbing, ["bottom.rs uses top.rs, which stands above it"], "{way}");
    }
}

#[test]
fn platforms_files_are_looked_at_too() {
    let files = [
        ("lib.rs", ROOT),
        ("top.rs", "pub fn top() {}"),
        ("middle.rs", ""),
        ("bottom.rs", "#[cfg_attr(a, path = \"here.rs\")]\n#[cfg_attr(b, path = \"there.rs\")]\nmod platform;"),
        ("there.rs", "fn up() { crate::top::top() }"),
    ];
    assert_eq!(found_in(&files).1, ["there.rs uses top.rs, which stands above it"]);
}

#[test]
fn a_module_without_a_step_is_told() {
    let root = format!("{ROOT}mod stray;");
    let files = [("lib.rs", root.as_str()), ("top.rs", ""), ("bottom.rs", ""), ("stray.rs", "")];
    assert_eq!(found_in(&files).1, ["lib.rs: stray has no step", "lib.rs: middle is no module"]);
}
