//! Inventory: what `hakmem check LIBRARY` prints.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::elf::Elf;
use crate::label::{Label, Setting};
use crate::object::{Import, Object};
use crate::output::{complain, say};
use crate::verdict::Effect;

/// What another library must export to be an allocator.
const FAMILY: [&str; 20] = [
    "malloc",
    "free",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "posix_memalign",
    "aligned_alloc",
    "valloc",
    "pvalloc",
    "cfree",
    "free_sized",
    "free_aligned_sized",
    "malloc_usable_size",
    "malloc_trim",
    "mallopt",
    "mallinfo",
    "mallinfo2",
    "malloc_stats",
    "malloc_info",
];
const FIRST: &str = "before all other libraries";
const NOT_FIRST: &str = "in its turn: a fork amid threads may wait for ever for a lock of another library's; build it with \
                         the flags of .cargo/config.toml, of which RUSTFLAGS takes the place (-Clink-arg=-Wl,-z,initfirst)";
const LINE_LETTERS: usize = 110;
const COLUMN: usize = 30;

/// The library that a word names, if it names one: by its ending, or by what the file is.
pub(crate) fn library_named(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    let elf = Elf::read(path, |_| false);
    let file = path.file_name()?.to_string_lossy();
    let is_called_so = file.ends_with(".so") || file.contains(".so.");
    let is_library = match elf {
        Ok(elf) if elf.machine.is_readable() => elf.is_library && (is_called_so || name.as_bytes().contains(&b'/')),
        _ => is_called_so,
    };
    is_library.then(|| path.to_owned())
}

/// Prints what the library holds; the effect is that of preloading it to have ours.
pub(crate) fn show(path: &Path) -> Effect {
    let shown = path.display();
    if let Err(why) = fs::metadata(path) {
        complain(&format!(
            "library `{shown}` is not found ({why}); check its spelling, or build it with `cargo build --release -p \
             hakmem-preload`"
        ));
        return Effect::Unknown;
    }
    let object = match Object::read(path) {
        Ok(object) => object,
        Err(why) => {
            complain(&format!("library `{shown}` cannot be read: {why}; name a whole libhakmem.so, or build it anew"));
            return Effect::Unknown;
        }
    };
    let Some(text) = &object.label else {
        show_foreign(path, &object);
        return Effect::None;
    };
    match Label::read(text) {
        Ok(label) => {
            show_ours(path, &object, &label);
            Effect::Takes
        }
        Err(why) => {
            complain(&format!("library `{shown}` cannot be read: {why}"));
            Effect::Unknown
        }
    }
}

fn show_ours(path: &Path, object: &Object, label: &Label<'_>) {
    let version = label.fact("version").unwrap_or("of an unknown version");
    say(&format!("{}: libhakmem.so {version}", path.display()));
    for (name, value) in label.facts.iter().filter(|fact| fact.0 != "version") {
        let bytes =
            if value.bytes().all(|letter| letter.is_ascii_digit()) && !value.is_empty() { " bytes" } else { "" };
        row(name, &format!("{}{bytes}", if value.is_empty() { "none" } else { value }));
    }
    row("initialised", if object.elf.is_first { FIRST } else { NOT_FIRST });
    show_file(object);
    say("settings");
    for Setting { name, unit, most, about } in &label.settings {
        let most = if most.is_empty() || *unit == "switch" { String::new() } else { format!(", at most {most}") };
        row(name, &format!("{unit}{most}: {about}"));
    }
    say(&format!("exports {}", object.exports.len()));
    words(object.exports.iter().map(String::as_str));
    say(&format!("imports {}", object.imports.len()));
    for (origin, names) in by_origin(&object.imports) {
        row(&origin, "");
        words(names.into_iter());
    }
}

fn show_foreign(path: &Path, object: &Object) {
    say(&format!(
        "{}: not a libhakmem.so: it has no section .hakmem.label (one of ours loses it to tools that remove all that \
         is not loaded)",
        path.display()
    ));
    show_file(object);
    let family: Vec<&str> =
        object.exports.iter().map(String::as_str).filter(|name| FAMILY.contains(name) || is_operator(name)).collect();
    if family.is_empty() {
        say("exports nothing of the malloc family");
    } else {
        say(&format!("exports of the malloc family {}", family.len()));
        words(family.into_iter());
    }
}

/// What any library's file tells.
fn show_file(object: &Object) {
    row("processor", &object.elf.machine.name());
    if let Some(compiler) = &object.compiler {
        row("compiler", compiler);
    }
    row("sha256", &object.sha256);
    row("build id", object.build_id.as_deref().unwrap_or("none"));
    row("file", &format!("{} bytes", object.file_bytes));
    let sizes = object.sizes;
    row("text, data, bss", &format!("{}, {}, {} bytes", sizes.text, sizes.data, sizes.bss));
    row("static thread-local storage", &format!("{} bytes", sizes.tls));
    row("needs", &if object.elf.needed.is_empty() { "nothing".into() } else { object.elf.needed.join(", ") });
    if let Some(version) = newest_glibc(&object.imports) {
        row("glibc", &format!("{version} or later"));
    }
}

/// C++'s new and delete.
fn is_operator(name: &str) -> bool {
    ["_Znw", "_Zna", "_Zdl", "_Zda"].iter().any(|begin| name.starts_with(begin))
}

/// The newest version of glibc that an import names.
fn newest_glibc(imports: &[Import]) -> Option<&str> {
    let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    let versions = imports.iter().filter_map(|import| import.origin.as_ref()?.1.strip_prefix("GLIBC_"));
    versions.max_by_key(|version| numbers(version))
}

/// The names of imports under library and version, or under why they have none.
fn by_origin(imports: &[Import]) -> BTreeMap<String, Vec<&str>> {
    let mut groups = BTreeMap::<String, Vec<&str>>::new();
    for import in imports {
        let heading = match &import.origin {
            Some((library, version)) => format!("{library} {version}"),
            None if import.is_weak => "weak, from any library".into(),
            None => "from any library".into(),
        };
        groups.entry(heading).or_default().push(&import.name);
    }
    groups
}

fn row(name: &str, value: &str) {
    say(format!("  {name:<COLUMN$}{value}").trim_end());
}

/// Names in lines of a bearable length.
fn words<'a>(names: impl Iterator<Item = &'a str>) {
    let mut line = String::new();
    for name in names {
        if !line.is_empty() && line.len() + name.len() > LINE_LETTERS {
            say(&format!("   {line}"));
            line.clear();
        }
        line.push(' ');
        line.push_str(name);
    }
    if !line.is_empty() {
        say(&format!("   {line}"));
    }
}
