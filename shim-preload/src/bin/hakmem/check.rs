//! Check: what `hakmem check` prints of programs and libraries.

use std::ffi::OsStr;
use std::path::Path;

use crate::output::{complain, say};
use crate::verdict::{self, Effect, Finding};
use crate::{inventory, program};

/// Prints every finding, or what a library holds; the exit code is that of the gravest.
pub(crate) fn check(names: &[impl AsRef<OsStr>]) -> u8 {
    let mut gravest = Effect::Takes;
    for name in names.iter().map(AsRef::as_ref) {
        if let Some(path) = inventory::library_named(name) {
            gravest = gravest.max(inventory::show(&path));
            continue;
        }
        let shown = name.display();
        match program::find(name) {
            Err(why) => {
                complain(why.message());
                gravest = Effect::Unknown;
            }
            Ok(path) => {
                let verdict = verdict::of(&path);
                for Finding { effect, words } in &verdict.findings {
                    let place = if Path::new(name) == path { String::new() } else { format!(" ({})", path.display()) };
                    let answer = match effect {
                        Effect::Takes => "yes",
                        Effect::Bypassed | Effect::None => "no",
                        Effect::Unknown => "unknown",
                    };
                    say(&format!("{shown}{place}: {answer}: {words}"));
                }
                gravest = gravest.max(verdict.effect());
            }
        }
    }
    match gravest {
        Effect::Takes => 0,
        Effect::Bypassed | Effect::None => 1,
        Effect::Unknown => 2,
    }
}
