//! Hands the target's map of memory, and the linker scripts that go with it, to the linker.

use std::path::PathBuf;
use std::{env, fs};

/// What each architecture's start-up code wants to be linked with, beside the map.
const SCRIPTS: [(&str, &[&str]); 3] =
    [("arm", &["-Tlink.x"]), ("riscv32", &["-Tmemory.x", "-Tlink.x"]), ("x86_64", &["-Tmemory.x"])];

fn main() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let map = PathBuf::from("memory").join(variable("TARGET")).with_added_extension("x");
    let folder = PathBuf::from(variable("OUT_DIR"));
    // By that name cortex-m-rt and riscv-rt ask for it.
    fs::copy(&map, folder.join("memory.x")).unwrap_or_else(|error| panic!("{}: {error}", map.display()));
    println!("cargo::rerun-if-changed={}", map.display());
    println!("cargo::rustc-link-search={}", folder.display());
    let arch = variable("CARGO_CFG_TARGET_ARCH");
    let (_, scripts) = SCRIPTS.into_iter().find(|(name, _)| *name == arch).expect("a known architecture");
    for script in scripts {
        println!("cargo::rustc-link-arg-bins={script}");
    }
}
