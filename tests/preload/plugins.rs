//! What is loaded late: plugins bound to another C library's malloc, plugins with an allocator inside, and plugins
//! that leave before their threads do.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::child::{command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::{library, workspace};

/// What cargo makes of `tests/linked`, in a folder for each manner of building it.
pub(crate) fn linked(manner: &str, arguments: &[&str], product: &str) -> PathBuf {
    let folder = workspace().join("target/linked").join(manner);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if let Some(toolchain) = arguments.iter().find(|word| word.starts_with('+')) {
        cargo = Command::new("rustup");
        cargo.args(["run", toolchain.trim_start_matches('+'), "cargo"]);
    }
    let arguments = arguments.iter().filter(|word| !word.starts_with('+'));
    cargo.args(["build", "--release", "--quiet"]).args(arguments).arg("--target-dir").arg(&folder);
    cargo.arg("--manifest-path").arg(workspace().join("tests/linked/Cargo.toml"));
    for name in
        ["LD_PRELOAD", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC", "RUSTUP_TOOLCHAIN"]
    {
        cargo.env_remove(name);
    }
    let built = run(&mut cargo, 600);
    assert_eq!(built.code(), 0, "tests/linked does not build:\n{}", built.stderr);
    folder.join("release").join(product)
}

fn plugin() -> &'static PathBuf {
    static PLUGIN: OnceLock<PathBuf> = OnceLock::new();
    PLUGIN.get_or_init(|| linked("plugin", &["--lib", "--features", "dlopen"], "libplugin.so"))
}

/// Twenty other libraries and two copies of the plugin beside the program that loads them.
fn latecomer() -> Option<Compiled> {
    let program = Compiled::new("latecomer.c", &[])?;
    for number in 0..20 {
        program.add("other.c", &format!("other{number}.so"), &["-shared", "-fPIC"]);
    }
    for copy in ["one.so", "two.so"] {
        fs::copy(plugin(), program.path().with_file_name(copy)).expect("scratch can be written");
    }
    Some(program)
}

#[test]
fn a_plugin_with_an_allocator_inside_comes_after_twenty_others() {
    let Some(program) = latecomer() else { return };
    let outcome = program.run(&["./one.so", "./two.so"], false, 60);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}

#[test]
fn two_of_them_and_a_preloaded_library_work_side_by_side() {
    let Some(program) = latecomer() else { return };
    assert_eq!(program.succeeds(&["./one.so", "./two.so"], 60).text(), "done\n");
}

#[test]
fn a_block_for_another_copy_is_named() {
    let Some(program) = latecomer() else { return };
    if !library().is_ours_or_skip("misuse") {
        return;
    }
    let outcome = program.run(&["./one.so", "./two.so", "and cross"], true, 60);
    assert_eq!(outcome.text(), "done\n", "{}", outcome.stderr);
    let said = outcome.stderr.lines().last().unwrap_or_default();
    assert!(said.starts_with("hakmem: invalid free: not from this allocator of 0x"), "{said}");
}

#[test]
fn each_way_of_loading_has_its_own_malloc() {
    let Some(program) = Compiled::new("namespaces.c", &[]) else { return };
    for copy in ["usual.so", "deep.so", "apart.so"] {
        if !program.add("plugin.c", copy, &["-shared", "-fPIC"]) {
            return;
        }
    }
    let paths = ["./usual.so", "./deep.so", "./apart.so"];
    for served in [false, true] {
        let outcome = program.run(&paths, served, 60);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
        if served {
            library().assert_served_quietly(&outcome);
        }
    }
}

#[test]
fn a_plugin_that_was_closed_is_freed_by_its_threads() {
    let Some(program) = Compiled::new("departed.c", &[]) else { return };
    if program.add("departing.cc", "departing.so", &["-shared", "-fPIC", "-std=c++17"]) {
        assert_eq!(program.succeeds(&["./departing.so"], 60).text(), "done\n");
    }
}

/// By the system's loader, python's: an extension module's blocks cross the border both ways.
#[test]
fn the_library_itself_can_be_loaded_late() {
    let Some(python) = find_or_skip("/usr/bin/python3") else { return };
    let program = "import ctypes, sys; l = ctypes.CDLL(sys.argv[1]); l.malloc.restype = ctypes.c_void_p; \
                   l.free.argtypes = [ctypes.c_void_p]; p = [l.malloc(n) for n in range(1, 9000, 7)]; \
                   [l.free(q) for q in p]; print('done')";
    let outcome = run(command(python).args(["-c", program]).arg(&library().shared), 60);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "done\n"), "{}", outcome.stderr);
}
