//! Program: from the word a user types to the file that the kernel will start.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The kernel gives up on scripts for scripts for scripts at about this depth.
const SCRIPTS_MOST: usize = 5;
/// The kernel reads no more of a script's first line.
const LINE_BYTES: u64 = 256;

/// Why there is no file to start.
#[derive(Debug)]
pub(crate) enum Missing {
    /// No such file, here or in `PATH`.
    NotFound(String),
    /// The file is there but cannot be started.
    NotExecutable(String),
}

impl Missing {
    /// What is wrong and what helps.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::NotFound(message) | Self::NotExecutable(message) => message,
        }
    }
}

/// Looks for `name` like a shell: a name with a slash is a path, any other is searched in `PATH`.
pub(crate) fn find(name: &OsStr) -> Result<PathBuf, Missing> {
    let shown = name.display();
    if name.as_bytes().contains(&b'/') {
        return startable(Path::new(name));
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let mut refused = None;
    for folder in env::split_paths(&folders) {
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        match startable(&folder.join(name)) {
            Ok(path) => return Ok(path),
            Err(why @ Missing::NotExecutable(_)) => refused = refused.or(Some(why)),
            Err(Missing::NotFound(_)) => {}
        }
    }
    Err(refused.unwrap_or_else(|| {
        Missing::NotFound(format!(
            "program `{shown}` is not found in PATH; check its spelling, or give its path, such as ./{shown}"
        ))
    }))
}

fn startable(path: &Path) -> Result<PathBuf, Missing> {
    let shown = path.display();
    match fs::metadata(path) {
        Err(why) => {
            Err(Missing::NotFound(format!("program `{shown}` is not found ({why}); check its spelling and its folder")))
        }
        Ok(about) if about.is_dir() => {
            Err(Missing::NotExecutable(format!("`{shown}` is a folder; name a program inside it")))
        }
        Ok(about) if about.permissions().mode() & 0o111 == 0 => Err(Missing::NotExecutable(format!(
            "`{shown}` is not executable; allow it with `chmod +x {shown}`, or start it through its interpreter"
        ))),
        Ok(_) => Ok(path.to_owned()),
    }
}

/// The executable that really runs for `path`: for a `#!` script its interpreter, through `env` too.
pub(crate) fn behind_scripts(path: &Path) -> Result<PathBuf, Missing> {
    let mut path = path.to_owned();
    for _ in 0..SCRIPTS_MOST {
        let Some(line) = first_line(&path) else { return Ok(path) };
        let script = path.display().to_string();
        let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let Some(interpreter) = words.next().map(OsStr::from_bytes) else {
            return Err(Missing::NotExecutable(format!(
                "the script `{script}` names no interpreter after #!; write one, such as #!/bin/sh"
            )));
        };
        let named = if Path::new(interpreter).file_name() == Some(OsStr::new("env")) {
            words.find_map(env_target).unwrap_or_else(|| interpreter.to_owned())
        } else {
            interpreter.to_owned()
        };
        path = find(&named).map_err(|why| {
            let why = why.message();
            Missing::NotExecutable(format!("the interpreter of the script `{script}` cannot be started: {why}"))
        })?;
    }
    let shown = path.display();
    Err(Missing::NotExecutable(format!(
        "`{shown}` is a script for a script, {SCRIPTS_MOST} deep; name the interpreter itself"
    )))
}

/// The program that a word after `env` names; none for an option or an assignment.
fn env_target(word: &[u8]) -> Option<OsString> {
    let word = word.strip_prefix(b"-S").unwrap_or(word);
    let skipped = word.is_empty() || word.starts_with(b"-") || word.contains(&b'=');
    (!skipped).then(|| OsString::from_vec(word.to_vec()))
}

/// What follows `#!` in the first line; none if the file is no script or cannot be read.
fn first_line(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(LINE_BYTES).read_to_end(&mut start).ok()?;
    let line = start.split(|&byte| byte == b'\n').next()?;
    line.strip_prefix(b"#!").map(<[u8]>::to_vec)
}
