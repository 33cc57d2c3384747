//! The C and C++ programs in `c/`, compiled where they are needed.

use std::path::PathBuf;
use std::process::Command;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::library::library;
use crate::scratch::Scratch;

/// A compiled program and its folder.
pub(crate) struct Compiled {
    folder: Scratch,
    program: PathBuf,
}

impl Compiled {
    /// Compiles `c/<source>`; no program if the compiler is missing.
    pub(crate) fn new(source: &str, flags: &[&str]) -> Option<Self> {
        let folder = Scratch::new();
        let program = folder.join("program");
        let compiled = Self { folder, program };
        compiled.add(source, "program", flags).then_some(compiled)
    }

    /// The same with a library of the program's own, from another source.
    pub(crate) fn linked(source: &str, library: &str, flags: &[&str]) -> Option<Self> {
        let folder = Scratch::new();
        let program = folder.join("program");
        let compiled = Self { folder, program };
        if !compiled.add(library, "libown.so", &["-shared", "-fPIC"]) {
            return None;
        }
        let folder = format!("-L{}", compiled.folder.path().display());
        let linked = [&[folder.as_str(), "-lown", "-Wl,-rpath,$ORIGIN"], flags].concat();
        compiled.add(source, "program", &linked).then_some(compiled)
    }

    /// Compiles another file into the same folder.
    pub(crate) fn add(&self, source: &str, name: &str, flags: &[&str]) -> bool {
        let compiler = if source.ends_with(".cc") { "g++" } else { "gcc" };
        let Some(compiler) = find_or_skip(compiler) else { return false };
        let path = format!("{}/preload/c/{source}", env!("CARGO_MANIFEST_DIR"));
        let mut compiler = command(compiler);
        // No builtins: the compiler may otherwise drop a malloc that it sees freed.
        compiler.args(["-O1", "-g", "-w", "-fno-builtin", "-pthread", &path, "-o"]);
        compiler.arg(self.folder.join(name)).args(flags).arg("-ldl");
        let outcome = run(&mut compiler, 60);
        assert!(outcome.status.success(), "{source} does not compile:\n{}", outcome.stderr);
        true
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.program
    }

    /// Runs it in its folder, with the library or without.
    pub(crate) fn run(&self, arguments: &[&str], served: bool, seconds: u64) -> Outcome {
        let mut command = self.command(arguments);
        if served {
            library().preload(&mut command);
        }
        run(&mut command, seconds)
    }

    /// What runs it in its folder, without the library.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.program);
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs it with the library; it must end well.
    pub(crate) fn succeeds(&self, arguments: &[&str], seconds: u64) -> Outcome {
        let outcome = self.run(arguments, true, seconds);
        library().assert_served_quietly(&outcome);
        assert_eq!(outcome.code(), 0, "{arguments:?}: {}{}", outcome.text(), outcome.stderr);
        outcome
    }
}
