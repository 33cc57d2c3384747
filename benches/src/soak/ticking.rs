//! Programs of ours that check their own contents, write a line now and then, and run until they are told to end.

use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program::Program;
use crate::stage::{Role, Stage};

/// A program that writes nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(120);
const SCRIPT: &str = "objects.py";
const PROGRAM: &str = "handover";
const OBJECTS: &str = include_str!("scripts/objects.py");
const HANDOVER: &str = include_str!("scripts/handover.cc");

/// Every object of Python's comes from malloc.
pub(crate) fn python(stage: &Stage, role: Role) -> Result<(), String> {
    run(stage, role, interpreter(stage).env("PYTHONMALLOC", "malloc"))
}

/// Python as it comes: small objects lie in its own arenas.
pub(crate) fn python_with_arenas(stage: &Stage, role: Role) -> Result<(), String> {
    run(stage, role, &interpreter(stage))
}

/// 64 threads.
pub(crate) fn threads(stage: &Stage, role: Role) -> Result<(), String> {
    compiled(stage, role, "sound")
}

/// The same, and some blocks are never freed.
pub(crate) fn leaking(stage: &Stage, role: Role) -> Result<(), String> {
    compiled(stage, role, "leak")
}

/// The same, and a byte is changed.
pub(crate) fn damaging(stage: &Stage, role: Role) -> Result<(), String> {
    compiled(stage, role, "damage")
}

/// The same, and a block is freed twice.
pub(crate) fn misusing(stage: &Stage, role: Role) -> Result<(), String> {
    compiled(stage, role, "misuse")
}

/// Writes Python's script.
pub(crate) fn write_script(stage: &Stage) -> Result<(), String> {
    write(stage, SCRIPT, OBJECTS).map(|_| ())
}

/// Compiles the C++ program.
pub(crate) fn compile(stage: &Stage) -> Result<(), String> {
    let source = write(stage, "handover.cc", HANDOVER)?;
    let mut compiler = Command::new("g++");
    compiler.args(["-std=c++17", "-O2", "-g", "-pthread"]).arg(&source).arg("-o").arg(stage.folder.path(PROGRAM));
    let output = compiler.output().map_err(|error| format!("g++: {error}"))?;
    let said = || format!("g++: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said()) }
}

fn write(stage: &Stage, name: &str, text: &str) -> Result<PathBuf, String> {
    let path = stage.folder.path(name);
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn interpreter(stage: &Stage) -> Command {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(stage.folder.path(SCRIPT));
    command
}

fn compiled(stage: &Stage, role: Role, flaw: &str) -> Result<(), String> {
    run(stage, role, Command::new(stage.folder.path(PROGRAM)).arg(flaw))
}

/// One process after another, or one to the end.
fn run(stage: &Stage, role: Role, command: &Command) -> Result<(), String> {
    for turn in 0.. {
        if turn > 0 && stage.is_over() {
            break;
        }
        let end = stage.end_of_turn(role);
        let mut program = Program::start(stage, role, turn, command)?;
        let (mut written, mut last) = (0, Instant::now());
        while Instant::now() < end || written == 0 {
            sleep(Duration::from_millis(100));
            program.lives()?;
            if program.written() > written {
                (written, last) = (program.written(), Instant::now());
            } else if last.elapsed() > PATIENCE {
                return Err(format!("it wrote nothing for {} s", PATIENCE.as_secs()));
            }
        }
        program.is_served()?;
        let rounds = program.lines();
        program.end()?;
        stage.count(role, "rounds", rounds);
    }
    Ok(())
}
