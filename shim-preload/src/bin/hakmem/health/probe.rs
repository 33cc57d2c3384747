//! Probe: what one process of the health check does; it prints one figure.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

use crate::health::survival::Misuse;
use crate::health::{footprint, speed, survival};
use crate::library;
use crate::output::{complain, say};

/// The allocator failed.
const FAILED: u8 = 1;
/// Nothing can be said about the allocator: the machine did not let it be tried.
pub(crate) const UNTRIED: u8 = 3;

type Work = fn() -> Result<f64, String>;

const ALL: [(&str, Work); 13] = [
    ("random_mixed", speed::random_mixed),
    ("fixed", speed::fixed),
    ("larson4", speed::larson4),
    ("mid", speed::mid),
    ("realloc", footprint::realloc),
    ("served", speed::short),
    ("steady_faults", footprint::steady_faults),
    ("steady_memory", footprint::steady_memory),
    ("threads_memory", footprint::threads_memory),
    ("base_memory", footprint::base_memory),
    ("returned", footprint::returned),
    ("fork", survival::forks),
    ("threads_1000", survival::threads_1000),
];

/// If this process is one of ours, started as `hakmem probe NAME --with LIBRARY`, does its work; returns the exit
/// code. The words are not read by clap, whose blocks would be measured too.
pub(crate) fn probe() -> Option<u8> {
    let mut words = env::args_os().skip(1);
    if words.next()? != "probe" {
        return None;
    }
    let name = words.next().unwrap_or_default();
    let library = words.nth(1);
    Some(run(&name.to_string_lossy(), library.as_deref()))
}

fn run(name: &str, library: Option<&OsStr>) -> u8 {
    if let Some(misuse) = Misuse::named(name) {
        if is_without(library) {
            return UNTRIED;
        }
        misuse.commit();
        complain(&format!("the allocator did not object to {}", misuse.name()));
        return FAILED;
    }
    let Some(work) = ALL.iter().find(|probe| probe.0 == name).map(|probe| probe.1) else {
        complain(&format!("no probe is called `{name}`; `hakmem bench health` runs them all"));
        return UNTRIED;
    };
    let figure = work();
    // Only now: to look costs memory.
    if is_without(library) {
        return UNTRIED;
    }
    match figure {
        Ok(figure) => {
            say(&figure.to_string());
            0
        }
        Err(why) => {
            complain(&why);
            UNTRIED
        }
    }
}

/// Says so if the library should be in the process and is not.
fn is_without(wanted: Option<&OsStr>) -> bool {
    let missing = wanted.filter(|wanted| !library::is_loaded(Path::new(wanted)));
    if let Some(library) = missing {
        complain(&format!("{} is not in the process; LD_DEBUG=libs shows what the loader does", library.display()));
    }
    missing.is_some()
}
