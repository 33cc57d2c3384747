//! The targets and the library, each with the coverage that libFuzzer reads: the flags are those of `cargo fuzz`, but
//! that comparisons are not traced. The oracle and the audits compare every byte, which would take half the time; the
//! two targets that read text have dictionaries.

use std::process::Command;

use crate::places::Places;

const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Ccodegen-units=1";
/// The library finds the fuzzer's counters by name.
const PROGRAM: &str = "-Zsanitizer=address -Clink-arg=-rdynamic";
/// Its own calls of malloc go to itself: AddressSanitizer lets no library be loaded with RTLD_DEEPBIND.
const LIBRARY: &str = "-Clink-arg=-Wl,-Bsymbolic-functions";

fn cargo(places: &Places, flags: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["+nightly", "build", "--quiet", "--target", &places.host]).current_dir(&places.root);
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        cargo.env_remove(name);
    }
    cargo.env("RUSTFLAGS", format!("{COVERAGE} {flags}"));
    cargo
}

fn succeed(cargo: &mut Command) -> Result<(), String> {
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("it does not build".to_owned()) }
}

/// Builds what these targets need.
pub(crate) fn everything(places: &Places, names: &[&str]) -> Result<(), String> {
    let mut targets = cargo(places, PROGRAM);
    targets.args(["--release", "--manifest-path", "tests/fuzz/Cargo.toml", "--target-dir"]);
    targets.arg(places.scratch().join("build"));
    for name in names {
        targets.args(["--bin", name]);
    }
    succeed(&mut targets)?;
    if names.contains(&"c_surface") {
        let mut library = cargo(places, LIBRARY);
        library.args(["-p", "hakmem-preload", "--lib", "--target-dir"]).arg(places.scratch().join("library"));
        succeed(&mut library)?;
    }
    Ok(())
}
