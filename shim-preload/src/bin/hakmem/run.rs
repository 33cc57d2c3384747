//! Run: a program with the library preloaded, and the proof that it is.
//!
//! The file is examined before the start; once it runs, its map of memory is looked at every few
//! milliseconds. The loader maps preloaded libraries before all others, so another library without ours
//! beside it proves that ours was refused.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::output::complain;
use crate::program::{self, Missing};
use crate::verdict::{self, Effect};
use crate::{library, signals};

/// Nothing was started, by our fault or that of our environment.
const BROKEN: u8 = 125;
/// The program is there but was not started, or not allowed to go on.
const REFUSED: u8 = 126;
/// There is no such program.
const NOT_FOUND: u8 = 127;

/// The kernel knows no way to start the file.
const ENOEXEC: i32 = 8;

const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOK_FOR: Duration = Duration::from_millis(100);

/// One `--set`.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    name: String,
    value: String,
}

impl Setting {
    /// Reads `name=value`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or("there is no `=` in it; write name=value, such as purge_delay_ms=0")?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(format!("`{name}` is no setting's name; names are letters and `_`, such as purge_delay_ms"));
        }
        if value.is_empty() || value.contains([',', ':']) {
            return Err(format!(
                "`{value}` is no value for {name}; give one value without `,` and `:`, and --set again for the next"
            ));
        }
        Ok(Self { name: name.to_ascii_lowercase(), value: value.to_owned() })
    }
}

/// How to run.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// A table at exit.
    pub(crate) stats: bool,
    /// A banner at start.
    pub(crate) verbose: bool,
    /// Rather not run than run without the library.
    pub(crate) strict: bool,
    /// Settings for the library.
    pub(crate) settings: &'a [Setting],
}

/// Runs `words`, a program and its arguments; returns our exit code.
pub(crate) fn run(words: &[OsString], wishes: &Wishes<'_>) -> u8 {
    let Some((name, arguments)) = words.split_first() else {
        complain("no program is named; write `hakmem run -- PROGRAM ARGUMENTS`");
        return BROKEN;
    };
    let path = match program::find(name) {
        Ok(path) => path,
        Err(why) => {
            complain(why.message());
            return if matches!(why, Missing::NotFound(_)) { NOT_FOUND } else { REFUSED };
        }
    };
    let library = match library::find() {
        Ok(library) => library,
        Err(why) => {
            complain(&why);
            return BROKEN;
        }
    };
    let verdict = verdict::of(&path);
    if wishes.strict && is_bad(verdict.effect()) {
        explain(name, &verdict);
        complain(&format!("{} is not run, because of --strict", name.display()));
        return REFUSED;
    }
    let mut command = Command::new(&path);
    command.arg0(name).args(arguments);
    preload(&mut command, &library);
    apply(&mut command, wishes);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => {
            if is_bad(verdict.effect()) {
                explain(name, &verdict);
            }
            complain(&format!("program `{}` cannot be started: {why}; {}", path.display(), start_remedy(&path, &why)));
            return if why.kind() == ErrorKind::NotFound { NOT_FOUND } else { REFUSED };
        }
    };
    signals::forward_to(child.id());
    let proof = watch(&mut child, &library);
    let absent = match (proof, verdict.effect()) {
        (Proof::Loaded, effect) => effect == Effect::Bypassed,
        (Proof::Absent, _) => true,
        (Proof::Unknown, effect) => is_bad(effect),
    };
    if absent {
        explain(name, &verdict);
        if wishes.strict {
            complain(&format!("{} is stopped, because of --strict", name.display()));
            // It may have ended by itself meanwhile.
            let _ = child.kill();
        }
    }
    let status = child.wait();
    signals::stop();
    match status {
        Ok(_) if absent && wishes.strict => REFUSED,
        Ok(status) => exit_code(status),
        Err(why) => {
            complain(&format!("cannot wait for process {}: {why}", child.id()));
            BROKEN
        }
    }
}

/// Puts `library` before whatever is preloaded already.
pub(crate) fn preload(command: &mut Command, library: &Path) {
    let mut list = library.as_os_str().to_owned();
    if let Some(others) = env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
        list.push(":");
        list.push(others);
    }
    command.env("LD_PRELOAD", list);
}

fn apply(command: &mut Command, wishes: &Wishes<'_>) {
    if wishes.stats {
        command.env("HAKMEM_STATS", "1");
    }
    if wishes.verbose {
        command.env("HAKMEM_VERBOSE", "1");
    }
    if wishes.settings.is_empty() {
        return;
    }
    let mut list = env::var("HAKMEM_CONF").unwrap_or_default();
    for Setting { name, value } in wishes.settings {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&format!("{name}:{value}"));
        // The setting's own variable would go before the list.
        command.env_remove(format!("HAKMEM_{}", name.to_ascii_uppercase()));
    }
    command.env("HAKMEM_CONF", list);
}

#[derive(Clone, Copy)]
enum Proof {
    /// The library is in the process.
    Loaded,
    /// Another library is, ours is not.
    Absent,
    /// It ended too soon, or its memory may not be looked at.
    Unknown,
}

fn watch(child: &mut Child, library: &Path) -> Proof {
    let started = Instant::now();
    loop {
        match look(child.id(), library) {
            Proof::Unknown if started.elapsed() < LOOK_FOR => {}
            proof => return proof,
        }
        thread::sleep(LOOK_EVERY);
        if !matches!(child.try_wait(), Ok(None)) {
            return Proof::Unknown;
        }
    }
}

fn look(process: u32, library: &Path) -> Proof {
    let Ok(maps) = fs::read(format!("/proc/{process}/maps")) else { return Proof::Unknown };
    let maps = String::from_utf8_lossy(&maps);
    // The sixth column is the file; it may hold spaces.
    let file = |line: &str| line.find('/').and_then(|at| line.get(at..)).map(ToOwned::to_owned);
    let files: Vec<String> = maps.lines().filter_map(file).collect();
    let ours = library.to_string_lossy();
    let is_libc = |file: &String| {
        file.rsplit('/').next().is_some_and(|name| name.starts_with("libc.so") || name.starts_with("libc-2"))
    };
    if files.iter().any(|file| file.starts_with(&*ours)) {
        Proof::Loaded
    } else if files.iter().any(is_libc) {
        Proof::Absent
    } else {
        Proof::Unknown
    }
}

fn is_bad(effect: Effect) -> bool {
    matches!(effect, Effect::Bypassed | Effect::None)
}

fn explain(name: &OsStr, verdict: &verdict::Verdict) {
    let shown = name.display();
    let mut reasons = verdict.findings.iter().filter(|finding| is_bad(finding.effect)).peekable();
    if reasons.peek().is_none() {
        complain(&format!(
            "{shown}: the preload does not take effect, and its file does not say why; LD_DEBUG=libs shows what the \
             loader does"
        ));
    }
    for finding in reasons {
        complain(&format!("{shown}: the preload does not take effect: {}", finding.words));
    }
}

fn start_remedy(path: &Path, why: &std::io::Error) -> String {
    match why.raw_os_error() {
        Some(ENOEXEC) => format!("if it is a shell script without #!, run `hakmem run -- sh {}`", path.display()),
        _ if why.kind() == ErrorKind::NotFound => "the interpreter or the loader that it names is missing".into(),
        _ => format!("`hakmem check {}` tells what its file is", path.display()),
    }
}

/// What a shell would say: the program's own code, or 128 and the signal that killed it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    code.to_le_bytes().first().copied().unwrap_or(1)
}
