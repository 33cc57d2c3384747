//! What the fuzz targets run: from any bytes the same deeds, under the oracle, with audits. `tests/fuzz` has the fuzzers,
//! and what they kept; the suite `corpora` replays that.
//!
//! | target | what the bytes are |
//! |---|---|
//! | [`region`] | a profile, a region of any size at any offset, actions |
//! | [`core_static`] | a region, settings, actions on the whole core |
//! | [`core_faulty`] | a page provider, settings, actions between which the provider changes its mind |
//! | [`c_surface`] | calls of `libhakmem.so`'s C and C++ functions, threads, forks |
//! | [`settings`] | text of `HAKMEM_CONF`, or one setting |
//! | [`trace`] | the trace of a device |

pub mod c_surface;
pub mod core_faulty;
pub mod core_static;
pub mod folding;
pub mod input;
pub mod library;
pub mod made_up;
pub mod packed;
pub mod region;
pub mod settings;
pub mod trace;

use std::fs;
use std::path::{Path, PathBuf};

pub use input::Input;

/// A target: its name, and what it does with bytes. It panics at a finding.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("region", region::run),
    ("core_static", core_static::run),
    ("core_faulty", core_faulty::run),
    ("c_surface", c_surface::run),
    ("settings", settings::run),
    ("trace", trace::run),
];

/// What a target found once: the files in its folder below `tests/fuzz/found`, if there is one.
pub fn found(fuzz: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(fuzz.join("found").join(name)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// The words of a target's text; none where it is no text.
pub fn words(name: &str) -> Vec<&'static str> {
    match name {
        "settings" => settings::words(),
        "trace" => trace::WORDS.to_vec(),
        _ => Vec::new(),
    }
}
