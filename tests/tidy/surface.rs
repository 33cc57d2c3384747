//! What is public is what is meant to be: rustdoc's own pages are counted.
//!
//! Counted are items (structures, enumerations, traits, functions, constants, macros) and their own functions and
//! constants, of traits too. Not counted are what a type only has from a trait, variants, flags and fields, which
//! are values, and the functions that `bitflags` gives each set of flags.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::{read, root};

/// The core's public items, the heaps for firmware included, at most.
const MOST: usize = 150;

/// What `bitflags` makes.
const FLAG_FUNCTIONS: [&str; 22] = [
    "all",
    "bits",
    "complement",
    "contains",
    "difference",
    "empty",
    "from_bits",
    "from_bits_retain",
    "from_bits_truncate",
    "from_name",
    "insert",
    "intersection",
    "intersects",
    "is_all",
    "is_empty",
    "iter",
    "iter_names",
    "remove",
    "set",
    "symmetric_difference",
    "toggle",
    "union",
];
const SETS_OF_FLAGS: [&str; 4] = ["Capabilities", "Harden", "Off", "Sides"];

/// The folder of a package's pages, made anew.
fn pages(package: &str, more: &[&str]) -> PathBuf {
    let target = root().join("target/surface-under-test");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(["doc", "--quiet", "--no-deps", "-p", package]).args(more);
    let output = command.env("CARGO_TARGET_DIR", &target).output().expect("cargo is there");
    assert!(output.status.success(), "cargo doc: {}", String::from_utf8_lossy(&output.stderr));
    target.join("doc").join(package.replace('-', "_"))
}

/// What stands between each `before` and the `after` that follows it.
fn between<'a>(text: &'a str, before: &'a str, after: char) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split(after).next())
}

/// The pages of all items, by name: `struct.Name`.
fn items(folder: &std::path::Path) -> Vec<(String, String)> {
    let list = read(&folder.join("all.html"));
    let links = between(&list, "<li><a href=\"", '"').filter(|link| link.ends_with(".html"));
    let page = |link: &str| (link.trim_end_matches(".html").to_owned(), read(&folder.join(link)));
    links.map(page).collect()
}

/// An item's own functions and constants.
fn own(item: &str, page: &str) -> Vec<String> {
    let flags = SETS_OF_FLAGS.iter().any(|set| item.ends_with(&format!("struct.{set}")));
    let sections = page.split("<section id=\"").skip(1).filter_map(|rest| rest.split('>').next());
    let mut names = Vec::new();
    for head in sections.filter(|head| !head.contains("trait-impl")) {
        let Some((kind, name)) = head.split('"').next().and_then(|id| id.split_once('.')) else { continue };
        let counts = match kind {
            "method" | "tymethod" => !flags || !FLAG_FUNCTIONS.contains(&name),
            "associatedconstant" => !flags,
            _ => false,
        };
        if counts {
            names.push(format!("{item}::{name}"));
        }
    }
    names
}

#[test]
fn the_cores_surface_is_small() {
    let folder = pages("hakmem-core", &["--all-features"]);
    let items = items(&folder);
    assert!(items.iter().any(|(name, _)| name == "struct.Allocator"), "rustdoc's pages are as they were");
    let names: Vec<_> = items.iter().flat_map(|(item, page)| [vec![item.clone()], own(item, page)].concat()).collect();
    assert!(names.len() > 100, "few items were found: {names:#?}");
    assert!(names.len() <= MOST, "{} public items, {MOST} are meant: {names:#?}", names.len());
    assert!(!folder.join("seam").exists(), "the seam is hidden");
}

#[test]
fn the_rust_door_is_what_it_says() {
    let folder = pages("hakmem-alloc", &[]);
    let mut names: Vec<_> = items(&folder).into_iter().map(|(item, _)| item).collect();
    names.sort();
    let meant = [
        "fn.configure",
        "fn.prewarm",
        "fn.prewarm_classes",
        "fn.stats",
        "fn.trim",
        "struct.Hakmem",
        "struct.Settings",
        "struct.Stats",
    ];
    assert_eq!(names, meant);
}
