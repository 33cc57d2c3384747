//! Whose `malloc` a program calls, from the loader's own words: `LD_DEBUG=bindings`.

use std::fs::{File, remove_file};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use crate::contender::Contender;
use crate::program::folder::Folder;

/// The files of the words, one a process.
const BEGINNING: &str = "bindings";
const FUNCTIONS: [&str; 4] = ["malloc", "calloc", "realloc", "free"];

/// A function of one file that another calls.
#[derive(PartialEq, Eq, Clone, Debug)]
struct Binding {
    caller: String,
    callee: String,
    function: String,
}

/// Has the loader write down what it binds. A process takes some milliseconds more to start.
pub(super) fn watch(command: &mut Command, folder: &Folder) {
    command.env("LD_DEBUG", "bindings").env("LD_DEBUG_OUTPUT", folder.path(BEGINNING));
}

/// Holds that every file of every process that was watched has its blocks from the contender, the C library aside.
pub(super) fn check(folder: &Folder, contender: &Contender) -> Result<(), String> {
    let failed = |error: io::Error| format!("the loader's words: {error}");
    let mut any = false;
    for path in folder.files(BEGINNING).map_err(failed)? {
        let bindings = read(&path).map_err(failed)?;
        remove_file(&path).map_err(failed)?;
        if let Some(Binding { caller, callee, function }) = stranger(&bindings, contender) {
            return Err(format!("did not take effect: {function} of {caller} is that of {callee}"));
        }
        any |= !bindings.is_empty();
    }
    if any { Ok(()) } else { Err("did not take effect: it calls no malloc".into()) }
}

/// The first call that does not reach the contender.
fn stranger<'all>(bindings: &'all [Binding], contender: &Contender) -> Option<&'all Binding> {
    // An executable at a fixed address lends its jump to a function as the address of that function.
    let passes_on = |file: &str, function: &str| {
        let same = |binding: &&Binding| binding.caller == file && binding.function == function;
        bindings.iter().filter(same).any(|binding| contender.took_effect(&binding.callee))
    };
    bindings.iter().find(|Binding { caller, callee, function }| {
        let inner = is_libc(caller) || contender.library.as_deref() == Some(Path::new(caller));
        !inner && !contender.took_effect(callee) && !passes_on(callee, function)
    })
}

fn is_libc(file: &str) -> bool {
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    name == "libc.so.6" || name.starts_with("ld-linux")
}

fn read(path: &Path) -> io::Result<Vec<Binding>> {
    let mut bindings = Vec::new();
    for line in BufReader::new(File::open(path)?).lines() {
        bindings.extend(parse(&line?).filter(|binding| !bindings.contains(binding)));
    }
    Ok(bindings)
}

/// `7: binding file /bin/a [0] to /lib/b.so [0]: normal symbol `malloc' [GLIBC_2.2.5]`
fn parse(line: &str) -> Option<Binding> {
    let (_, line) = line.split_once("binding file ")?;
    let (caller, line) = line.split_once(" [0] to ")?;
    let (callee, line) = line.split_once(" [0]: normal symbol `")?;
    let (function, _) = line.split_once('\'')?;
    let binding = || Binding { caller: caller.into(), callee: callee.into(), function: function.into() };
    FUNCTIONS.contains(&function).then(binding)
}

#[cfg(test)]
mod tests {
    use super::{Binding, parse, stranger};
    use crate::contender::{Contender, ContenderName};

    const WORDS: &str = "7:\tbinding file CALLER [0] to CALLEE [0]: normal symbol `malloc' [GLIBC_2.2.5]";

    fn binding(caller: &str, callee: &str) -> Binding {
        parse(&WORDS.replace("CALLER", caller).replace("CALLEE", callee)).expect("the loader's format")
    }

    #[test]
    fn calls_of_other_functions_are_not_read() {
        assert_eq!(binding("/bin/a b", "/c.so").caller, "/bin/a b");
        assert_eq!(parse(&WORDS.replace("malloc", "mallctl")), None);
        assert_eq!(parse("7:\tcalling init: /lib/c.so"), None);
    }

    #[test]
    fn a_call_that_goes_elsewhere_is_found() {
        let contender =
            Contender { name: ContenderName::Hakmem, library: Some("/ours.so".into()), version: String::new() };
        let reaches = binding("/bin/a", "/ours.so");
        let lent = binding("/lib/b.so", "/bin/a");
        let owned = binding("/bin/a", "/bin/a");
        let libc = binding("/lib/libc.so.6", "/lib/libc.so.6");
        assert_eq!(stranger(&[reaches.clone(), lent.clone(), owned.clone(), libc], &contender), None);
        assert_eq!(stranger(std::slice::from_ref(&lent), &contender), Some(&lent));
        assert_eq!(stranger(&[owned.clone(), lent], &contender), Some(&owned));
    }
}
