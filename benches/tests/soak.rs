//! The soak as a whole, for seconds: it passes where all is well and fails where a program leaks, changes a byte of an
//! object, or frees a block twice. Under glibc's malloc, so that no library need be built.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, process};

/// What a soak said, and whether it passed.
fn soak(part: &str, minutes: &str) -> (bool, String) {
    let name = env::temp_dir().join(format!("hakmem-soak-test-{}-{part}", process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_hakmem-soak"))
        .args(["--library", "none", "--only", part, "--minutes", minutes, "--name"])
        .arg(&name)
        .output()
        .expect("cargo built it");
    for extension in ["csv", "md", "svg"] {
        let path = PathBuf::from(format!("{}.{extension}", name.display()));
        assert!(fs::metadata(&path).is_ok_and(|file| file.len() > 100), "{} was not written", path.display());
        fs::remove_file(&path).expect("just found");
    }
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let verdict = String::from_utf8_lossy(&output.stdout).lines().next_back().map(str::to_owned);
    assert_eq!(verdict.as_deref(), Some(if output.status.success() { "PASS" } else { "FAIL" }), "{words}");
    (output.status.success(), words)
}

fn compiler_is_missing() -> bool {
    let missing = Command::new("g++").arg("--version").output().is_err();
    if missing {
        eprintln!("skipped: g++ is not installed");
    }
    missing
}

#[test]
fn a_sound_program_passes() {
    if compiler_is_missing() {
        return;
    }
    let (passes, words) = soak("threads", "0.4");
    assert!(passes, "{words}");
}

#[test]
fn a_leak_fails() {
    if compiler_is_missing() {
        return;
    }
    let (passes, words) = soak("leak", "0.4");
    assert!(!passes && words.contains("GROWS"), "{words}");
}

#[test]
fn a_changed_byte_and_a_double_free_fail() {
    if compiler_is_missing() {
        return;
    }
    let (passes, words) = soak("damage", "1");
    assert!(!passes && words.contains("wrong: sum of object"), "{words}");
    let (passes, words) = soak("misuse", "1");
    assert!(!passes && words.contains("FAILED: ") && words.contains("misuse: ended by itself, signal 6"), "{words}");
}
