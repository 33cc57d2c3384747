//! The source is held to its own rules: layers, lengths, heads, names of invariants, dependencies.

mod circles;
mod layers;
mod modules;
mod surface;
mod uses;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hakmem_core::seam::TABLE;

const LINES_MOST: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("a readable entry").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let foreign = name.starts_with('.') || name.starts_with("target") || path.ends_with("benches/contenders");
            if !foreign {
                collect(&path, into);
            }
        } else if name.ends_with(".rs") {
            into.push(path);
        }
    }
}

/// Every Rust file below a folder of the repository, with its path from there and its text.
fn sources(below: &str) -> Vec<(String, String)> {
    let root = root();
    let mut paths = Vec::new();
    collect(&root.join(below), &mut paths);
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    paths.into_iter().map(|path| (name(&path), read(&path))).collect()
}

/// The text without `//` comments; slashes in strings stay.
fn without_comments(text: &str) -> String {
    let code = |line: &str| {
        let (mut quoted, mut before) = (false, ' ');
        for (at, letter) in line.char_indices() {
            match letter {
                '"' if before != '\\' && !(before == '\'' && line[at + 1..].starts_with('\'')) => quoted = !quoted,
                '/' if !quoted && before == '/' => return line[..at - 1].to_owned(),
                _ => {}
            }
            before = if before == '\\' && letter == '\\' { ' ' } else { letter };
        }
        line.to_owned()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Words in backticks.
fn ticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn none(wrong: Vec<String>, rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

#[test]
fn a_file_has_at_most_400_lines() {
    let lengths = sources("").into_iter().map(|(name, text)| (name, text.lines().count()));
    let long = lengths.filter(|&(_, lines)| lines > LINES_MOST);
    none(long.map(|(name, lines)| format!("{name}: {lines} lines")).collect(), "a room over 400 lines is split");
}

#[test]
fn a_file_begins_with_what_it_is_for() {
    let headless =
        |(name, text): (String, String)| (!name.ends_with("tests.rs") && !text.starts_with("//!")).then_some(name);
    none(sources("").into_iter().filter_map(headless).collect(), "a file begins with a `//!` line");
}

#[test]
fn nothing_is_left_undone() {
    let marks = [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("#[ig", "nore"), concat!("db", "g!(")];
    let mut wrong = Vec::new();
    for (name, text) in sources("") {
        let code = without_comments(&text);
        wrong.extend(marks.iter().filter(|mark| code.contains(*mark)).map(|mark| format!("{name}: {mark}")));
    }
    none(wrong, "nothing is put off in the source");
}

/// Names of invariants in the first column of the table in lib.rs.
fn index_of_invariants() -> BTreeSet<String> {
    let door = read(&root().join("core-nostd/src/lib.rs"));
    let table = door.lines().skip_while(|line| !line.contains("# Invariants"));
    let rows = table.filter_map(|line| line.strip_prefix("//! | "));
    let names = rows.filter_map(|row| row.split('|').next());
    names.flat_map(|cell| ticked(cell).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn is_invariant_shaped(name: &str) -> bool {
    name.contains('-')
        && name.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// The SAFETY comments of a file, each joined to one line.
fn safety_comments(text: &str) -> Vec<String> {
    let (mut comments, mut open) = (Vec::<String>::new(), false);
    for line in text.lines().map(str::trim) {
        let comment = line.find("// ").filter(|&at| at == 0 || line[at..].starts_with("// SAFETY:"));
        match comment.map(|at| &line[at + 3..]) {
            Some(start) if start.starts_with("SAFETY:") => {
                comments.push(start.to_owned());
                open = true;
            }
            Some(more) if open => {
                if let Some(last) = comments.last_mut() {
                    last.push(' ');
                    last.push_str(more);
                }
            }
            _ => open = false,
        }
    }
    comments
}

#[test]
fn a_cited_invariant_stands_in_the_index() {
    let index = index_of_invariants();
    assert!(index.len() > 5, "the index stands in lib.rs");
    let mut wrong = Vec::new();
    for (name, text) in sources("core-nostd/src") {
        for comment in safety_comments(&text) {
            let cited = ticked(&comment).filter(|cited| is_invariant_shaped(cited));
            let unknown = cited.filter(|cited| !index.contains(*cited));
            wrong.extend(unknown.map(|cited| format!("{name}: `{cited}` in \"{comment}\"")));
        }
    }
    none(wrong, "a SAFETY comment cites invariants of the index in core-nostd/src/lib.rs");
}

#[test]
fn an_indexed_invariant_is_used() {
    let sources = sources("core-nostd/src");
    let rest: Vec<_> = sources.iter().filter(|(name, _)| !name.ends_with("src/lib.rs")).collect();
    let is_used = |invariant: &str| {
        let forms = [format!("`{invariant}`"), format!("\"{invariant}\"")];
        rest.iter().any(|(_, text)| forms.iter().any(|form| text.contains(form)))
    };
    let unused = index_of_invariants().into_iter().filter(|invariant| !is_used(invariant));
    none(unused.collect(), "every invariant of the index is stated or cited in another file");
}

#[test]
fn the_library_builds_from_nothing_but_its_source() {
    const ALLOWED: [&str; 8] = [
        "spin",
        "bitflags",
        "linked_list_allocator",
        "lock_api",
        "critical-section",
        "portable-atomic",
        "defmt",
        "allocator-api2",
    ];
    let mut wrong = Vec::new();
    for package in ["core-nostd", "shim-std", "shim-preload"] {
        let manifest = read(&root().join(package).join("Cargo.toml"));
        if root().join(package).join("build.rs").exists() || manifest.lines().any(|line| line.starts_with("build =")) {
            wrong.push(format!("{package} has a build script"));
        }
        if package == "core-nostd" {
            let names = dependencies(&manifest).into_iter().filter(|name| !ALLOWED.contains(&name.as_str()));
            wrong.extend(names.map(|name| format!("{package} depends on {name}")));
        }
    }
    none(wrong, "no build scripts, and few dependencies in the core");
}

/// Names in every section whose head ends in `dependencies]`, those of tests and tools aside.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut within = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if within && !line.trim().is_empty() && !line.starts_with('#') {
            names.extend(line.split(['=', '.', ' ']).next().map(str::to_owned));
        }
    }
    names
}

#[test]
fn the_readme_names_every_setting() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let missing = TABLE.iter().filter(|row| !readme.contains(row.name)).map(|row| row.name.to_owned());
    none(missing.collect(), "README.md says what each setting does; missing");
}

#[test]
fn the_readme_names_every_figure() {
    let readme = read(&root().join("README.md"));
    let table = read(&root().join("shim-preload/src/table.rs"));
    let rows = table.split("(b\"").skip(1).filter_map(|rest| rest.split_once('"'));
    let names: Vec<_> = rows.filter(|(_, figure)| figure.starts_with(", stats.")).map(|(name, _)| name).collect();
    assert!(names.len() > 10, "rows of figures: {names:?}");
    let is_missing =
        |name: &&str| !readme.lines().any(|line| line.starts_with("| `") && ticked(line).any(|word| word == *name));
    let missing = names.into_iter().filter(is_missing);
    none(missing.map(str::to_owned).collect(), "README.md says what each line of the table of figures means; missing");
}

/// The account of unsafe code: its tables, by the folder that their heading names.
fn unsafe_account() -> Vec<(String, String)> {
    let account = read(&root().join("core-nostd/UNSAFE.md"));
    let (mut rows, mut folder) = (Vec::new(), String::new());
    for line in account.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            folder = heading.to_owned();
        } else if line.starts_with("| `") {
            rows.push((folder.clone(), line.to_owned()));
        }
    }
    rows
}

/// A row's first column, and its last.
fn ends(row: &str) -> (&str, &str) {
    let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
    (cells.first().unwrap_or(&""), cells.last().unwrap_or(&""))
}

#[test]
fn every_unsafe_room_has_its_account() {
    let rows = unsafe_account();
    let mut rooms = BTreeSet::new();
    let named = rows.iter().flat_map(|(folder, row)| ticked(ends(row).0).map(move |room| format!("{folder}/{room}")));
    let twice: Vec<_> = named.filter(|room| !rooms.insert(room.clone())).collect();
    let mark = concat!("allow(unsafe", "_code");
    let all = ["core-nostd/src", "shim-std/src", "shim-preload/src"].into_iter().flat_map(sources);
    let open: BTreeSet<String> = all.filter(|(_, text)| text.contains(mark)).map(|(name, _)| name).collect();
    let missing = open.difference(&rooms).map(|room| format!("{room} is not in the account"));
    let stale = rooms.difference(&open).map(|room| format!("{room} opens no unsafe code"));
    let twice = twice.iter().map(|room| format!("{room} has more than one row"));
    none(
        missing.chain(stale).chain(twice).collect(),
        "core-nostd/UNSAFE.md has one row for each file that opens unsafe code",
    );
}

#[test]
fn the_account_names_tests_that_exist() {
    let tests: String = sources("tests").into_iter().map(|(_, text)| text).collect();
    let exists = |name: &str| {
        let forms = [format!("fn {name}("), format!("mod {name};"), format!("name = \"{name}\"")];
        let manifest = read(&root().join("tests/Cargo.toml"));
        forms.iter().any(|form| tests.contains(form.as_str()) || manifest.contains(form.as_str()))
    };
    let mut wrong = Vec::new();
    for (folder, row) in unsafe_account() {
        let plain =
            |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let missing = ticked(ends(&row).1).filter(plain).filter(|name| !exists(name));
        wrong.extend(missing.map(|name| format!("{folder}: `{name}`")));
    }
    none(wrong, "core-nostd/UNSAFE.md names tests, modules or suites that exist; not so");
}

/// Functions of the source that are tests.
fn is_test(text: &str, name: &str) -> bool {
    let (head, attribute) = (format!("fn {name}("), "#[test]");
    text.match_indices(&head).any(|(at, _)| {
        let before = text[..at].trim_end();
        before.rsplit("\n\n").next().is_some_and(|words| words.contains(attribute))
    })
}

#[test]
fn the_table_of_compatibility_names_tests_that_exist() {
    let table = read(&root().join("tests/COMPATIBILITY.md"));
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| d")).collect();
    let mut wrong = Vec::new();
    for (number, row) in (1..).zip(&rows) {
        let cells: Vec<_> = row.split(" | ").collect();
        if !row.starts_with(&format!("| d{number} |")) || cells.len() < 4 {
            wrong.push(format!("case d{number}: {row}"));
            continue;
        }
        let (mut file, mut held) = (String::new(), 0);
        for name in ticked(cells[cells.len() - 1]) {
            let (path, test) = name.split_once("::").unwrap_or(("", name));
            if !path.is_empty() {
                file = fs::read_to_string(root().join(path)).unwrap_or_default();
            }
            let is_script = name.ends_with("/run") && root().join(name).is_file();
            if !is_script && !is_test(&file, test) {
                wrong.push(format!("d{number}: {name}"));
            }
            held += 1;
        }
        if held == 0 && !row.contains("not possible here") {
            wrong.push(format!("d{number} is held by nothing"));
        }
    }
    assert_eq!(rows.len(), 40, "tests/COMPATIBILITY.md has a row for each case");
    none(wrong, "tests/COMPATIBILITY.md names tests that exist");
}
