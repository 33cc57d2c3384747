//! What the fuzzers kept, and what they once found, under the same oracle: `tests/fuzz/corpus` has a file for each
//! target, a line for each input; `tests/fuzz/found/TARGET` a file for each finding, named after what was wrong.

use std::fs;
use std::path::{Path, PathBuf};

use hakmem_tests::fuzzed::{self, TARGETS, made_up, packed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn replay(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(other, _)| *other == name).expect("a target");
    let path = folder().join("corpus").join(name).with_extension("hex");
    let inputs = packed::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(inputs.len() >= LEAST_INPUTS, "{} keeps only {} inputs", path.display(), inputs.len());
    for (number, input) in inputs.iter().enumerate() {
        tell(&format!("{name}, line {}", number + 1), || target(input));
    }
    for number in 0..MADE_UP {
        tell(&format!("{name}, made up with {number}"), || target(&made_up::input(name, number)));
    }
    for path in fuzzed::found(&folder(), name) {
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        tell(&path.display().to_string(), || target(&input));
    }
}

/// What the fuzzers begin with.
const MADE_UP: u32 = 50;
/// A corpus that is shorter was not made by a fuzzer.
const LEAST_INPUTS: usize = 20;

/// Names the input that a test fails with.
fn tell(what: &str, play: impl FnOnce()) {
    struct Named<'a>(&'a str);
    impl Drop for Named<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                println!("replaying {}", self.0);
            }
        }
    }
    let _named = Named(what);
    play();
}

macro_rules! replays {
    ($($target:ident)+) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })+

        #[test]
        fn every_target_is_replayed() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($target)),+]);
            for folder in ["corpus", "found"].map(|part| folder().join(part)) {
                let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
                for entry in entries.map(|entry| entry.expect("a readable entry").path()) {
                    let name = entry.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                    assert!(TARGETS.iter().any(|(target, _)| *target == name), "{} is no target's", entry.display());
                }
            }
        }
    };
}

replays! { region core_static core_faulty c_surface settings trace }
