//! `hakmem check LIBRARY`: what it tells of ours, of others, and of files that are neither.

use std::fs;
use std::path::{Path, PathBuf};

use hakmem_core::seam::TABLE;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::library::library;
use crate::run_program::hakmem;
use crate::scratch::Scratch;

fn check(path: &Path) -> Option<Outcome> {
    hakmem(&["check", path.to_str().expect("a plain path")])
}

/// What it says of the library under test.
fn of_ours() -> Option<String> {
    if !library().is_ours_or_skip("hakmem check LIBRARY") {
        return None;
    }
    let outcome = check(&library().shared)?;
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
    Some(outcome.text())
}

/// The value in the row of that name.
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let row = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
    row.unwrap_or_else(|| panic!("no row {name} in\n{text}")).trim()
}

pub(crate) fn glibc() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux has /proc");
    let path = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("/libc.so"));
    PathBuf::from(path.expect("the C library is in this process"))
}

#[test]
fn ours_is_told_by_version_and_settings() {
    let Some(text) = of_ours() else { return };
    assert!(text.lines().next().is_some_and(|line| line.ends_with("libhakmem.so 0.1.0")), "{text}");
    for row in TABLE {
        assert!(value(&text, row.name).ends_with(row.about), "{}: {text}", row.name);
    }
    assert!(value(&text, "superslab").contains("2097152"), "{text}");
    assert!(text.contains("exports 47"), "{text}");
    assert!(text.contains(" malloc ") && text.contains(" __register_atfork"), "{text}");
}

#[test]
fn the_hash_is_the_files() {
    let (Some(text), Some(tool)) = (of_ours(), find_or_skip("sha256sum")) else { return };
    let outcome = run(command(tool).arg(&library().shared), 20);
    assert_eq!(value(&text, "sha256"), outcome.text().split_whitespace().next().unwrap_or_default());
}

#[test]
fn the_sizes_are_those_of_size() {
    let (Some(text), Some(tool)) = (of_ours(), find_or_skip("size")) else { return };
    let outcome = run(command(tool).arg(&library().shared), 20);
    let sizes = outcome.text();
    let sizes: Vec<_> = sizes.lines().nth(1).expect("a row").split_whitespace().take(3).collect();
    assert_eq!(value(&text, "text, data, bss"), format!("{} bytes", sizes.join(", ")));
}

#[test]
fn the_label_is_in_the_file_and_never_in_memory() {
    let (Some(_), Some(readelf), Some(strip)) = (of_ours(), find_or_skip("readelf"), find_or_skip("strip")) else {
        return;
    };
    let outcome = run(command(readelf).arg("-SW").arg(&library().shared), 20);
    let text = outcome.text();
    let row = text.lines().find(|line| line.contains(".hakmem.label")).expect("the section is there");
    let columns: Vec<_> = row.split_whitespace().collect();
    // From behind: alignment, two numbers; no flags between them and the row size.
    assert_eq!(columns.iter().rev().nth(3), Some(&"00"), "the section has flags: {row}");
    let folder = Scratch::new();
    let stripped = folder.join("libhakmem.so");
    let outcome = run(command(strip).arg("-o").arg(&stripped).arg(&library().shared), 20);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let Some(outcome) = check(&stripped) else { return };
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
}

/// Where `DT_FLAGS_1` says so is the lowest bit but five of its value.
#[test]
fn one_that_is_not_initialised_first_is_told() {
    let Some(text) = of_ours() else { return };
    assert_eq!(value(&text, "initialised"), "before all other libraries");
    const FLAGS_1: [u8; 8] = 0x6FFF_FFFBu64.to_le_bytes();
    let mut bytes = fs::read(&library().shared).expect("the library can be read");
    let at = bytes.windows(8).position(|word| word == FLAGS_1).expect("a dynamic entry");
    assert_ne!(bytes[at + 8] & 0x20, 0, "the flag is there");
    bytes[at + 8] &= !0x20;
    let folder = Scratch::new();
    let late = folder.join("libhakmem.so");
    fs::write(&late, bytes).expect("the scratch folder can be written");
    let Some(outcome) = check(&late) else { return };
    assert_eq!(outcome.code(), 0, "{}{}", outcome.text(), outcome.stderr);
    let text = outcome.text();
    assert!(value(&text, "initialised").starts_with("in its turn: a fork"), "{text}");
}

#[test]
fn another_library_is_named_as_such() {
    let Some(outcome) = check(&glibc()) else { return };
    let text = outcome.text();
    assert_eq!(outcome.code(), 1, "{text}{}", outcome.stderr);
    assert!(text.contains("not a libhakmem.so") && text.contains(" malloc "), "{text}");
    assert_eq!(value(&text, "sha256").len(), 64, "{text}");
}

#[test]
fn what_is_no_library_is_an_error() {
    let folder = Scratch::new();
    let whole = fs::read(&library().shared).expect("the library can be read");
    let (missing, cut, header, words) = ("missing.so", "cut.so", "header.so.1", "words.so");
    fs::write(folder.join(cut), &whole[..whole.len() / 2]).expect("the scratch folder can be written");
    fs::write(folder.join(header), &whole[..40]).expect("the scratch folder can be written");
    fs::write(folder.join(words), "only words\n").expect("the scratch folder can be written");
    for (name, why) in [(missing, "not found"), (cut, "cut off"), (header, "cut off"), (words, "not an ELF file")] {
        let Some(outcome) = check(&folder.join(name)) else { return };
        assert_eq!(outcome.code(), 2, "{name}: {}{}", outcome.text(), outcome.stderr);
        assert!(outcome.stderr.contains(name) && outcome.stderr.contains(why), "{name}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("; "), "{name} has no remedy: {}", outcome.stderr);
    }
}
