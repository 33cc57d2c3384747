//! How each program is started, and the files it needs.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::contender::Contenders;
use crate::options::Options;
use crate::program::Program;
use crate::program::builds::Builds;
use crate::program::driver;
use crate::program::folder::Folder;
use crate::program::input;
use crate::program::redis::Load;

const BIN: &str = "/usr/bin";

/// What is started: one executable under every contender, or one for each.
pub(super) enum Executable {
    Preloaded(PathBuf),
    Built(Builds),
}

/// The same for every contender, but for what is preloaded.
pub(super) struct Recipe {
    pub(super) executable: Executable,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, &'static str)>,
    /// Given as its standard input.
    input: Option<PathBuf>,
    /// What it writes, instead of its standard output.
    output: Option<PathBuf>,
    /// Of a server: what it is asked for while it runs.
    pub(super) load: Option<Load>,
}

impl Recipe {
    /// Writes the files into the folder; what is missing is named with Debian's package.
    pub(super) fn write(
        program: Program,
        options: &Options,
        contenders: &Contenders,
        folder: &Folder,
    ) -> Result<Self, String> {
        let scaled = |count: f64| (count * options.steps).ceil() as u64;
        let words = |error: io::Error| error.to_string();
        // A script and the number that it is given.
        let script = |name: &str, text: &str, count: f64| {
            let path = folder.write(name, |file| io::Write::write_all(file, text.as_bytes())).map_err(words)?;
            Ok::<_, String>([path.into_os_string(), scaled(count).to_string().into()])
        };
        match program {
            Program::Redis => {
                let load = Load {
                    client: installed("redis-benchmark", "redis-tools")?,
                    socket: folder.path("socket"),
                    requests: scaled(40_000.0),
                };
                let recipe = Self::new(installed("redis-server", "redis-server")?, load.server_arguments());
                Ok(Self { load: Some(load), ..recipe })
            }
            Program::Sqlite => {
                let input = folder.write("rows.sql", |file| input::rows(file, scaled(80_000.0))).map_err(words)?;
                let recipe = Self::new(installed("sqlite3", "sqlite3")?, ["-batch", ":memory:"]);
                Ok(Self { input: Some(input), ..recipe })
            }
            Program::Python | Program::PythonMalloc => {
                let script = script("documents.py", include_str!("scripts/documents.py"), 20_000.0)?;
                let mut recipe = Self::new(installed("python3", "python3")?, script);
                recipe.environment.push(("PYTHONHASHSEED", "0"));
                if program == Program::PythonMalloc {
                    recipe.environment.push(("PYTHONMALLOC", "malloc"));
                }
                Ok(recipe)
            }
            Program::Gxx => {
                let source = folder.write("templates.cc", |file| input::templates(file, scaled(1.0))).map_err(words)?;
                let output = folder.path("templates.o");
                let arguments = ["-std=c++17".into(), "-O1".into(), "-c".into(), source.into_os_string(), "-o".into()];
                let recipe = Self::new(installed("g++", "g++")?, arguments.into_iter().chain([output.clone().into()]));
                Ok(Self { output: Some(output), ..recipe })
            }
            Program::Perl => {
                let script = script("words.pl", include_str!("scripts/words.pl"), 70_000.0)?;
                let mut recipe = Self::new(installed("perl", "perl")?, script);
                recipe.environment.push(("PERL_HASH_SEED", "0"));
                Ok(recipe)
            }
            Program::Node => {
                let script = script("documents.js", include_str!("scripts/documents.js"), 12_000.0)?;
                Ok(Self::new(installed("node", "nodejs")?, script))
            }
            Program::Lua => {
                let script = script("tables.lua", include_str!("scripts/tables.lua"), 70_000.0)?;
                Ok(Self::new(installed("lua5.4", "lua5.4")?, script))
            }
            Program::Sort => {
                let input = folder.write("lines", |file| input::lines(file, scaled(1_000_000.0))).map_err(words)?;
                Ok(Self::new(installed("sort", "coreutils")?, [input]))
            }
            Program::Rustc => {
                let source = folder.write("generics.rs", |file| input::generics(file, scaled(2.0))).map_err(words)?;
                let output = folder.path("libgenerics.rlib");
                let mut arguments: Vec<OsString> = ["--edition=2024", "-O", "--crate-type=rlib"].map(Into::into).into();
                arguments.extend(["-o".into(), output.clone().into(), source.into()]);
                Ok(Self { output: Some(output), ..Self::new(driver::build(folder)?, arguments) })
            }
            Program::Rust => {
                let recipe = Self::new(PathBuf::new(), [scaled(60.0).to_string()]);
                Ok(Self { executable: Executable::Built(Builds::make(options, contenders)), ..recipe })
            }
        }
    }

    fn new<A: Into<OsString>>(executable: PathBuf, arguments: impl IntoIterator<Item = A>) -> Self {
        Self {
            executable: Executable::Preloaded(executable),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: vec![("LC_ALL", "C"), ("PATH", "/usr/bin:/bin")],
            input: None,
            output: None,
            load: None,
        }
    }

    /// What it writes.
    pub(super) fn output(&self, folder: &Folder) -> PathBuf {
        self.output.clone().unwrap_or_else(|| folder.path("output"))
    }

    /// What it says on its standard error.
    pub(super) fn words(folder: &Folder) -> PathBuf {
        folder.path("words")
    }

    /// An executable of it, with nothing preloaded yet; an older output is removed.
    pub(super) fn command(&self, executable: &Path, folder: &Folder) -> io::Result<Command> {
        let output = self.output(folder);
        if output.exists() {
            std::fs::remove_file(&output)?;
        }
        let mut command = Command::new(executable);
        command.args(&self.arguments).env_clear().envs(self.environment.iter().copied());
        command.env("TMPDIR", folder.path("")).current_dir(folder.path(""));
        command.stdin(match &self.input {
            Some(path) => std::fs::File::open(path)?.into(),
            None => Stdio::null(),
        });
        // A server's answers are its output, and what it prints is not.
        if self.output.is_some() || self.load.is_some() {
            command.stdout(Stdio::null());
        } else {
            command.stdout(std::fs::File::create(output)?);
        }
        command.stderr(std::fs::File::create(Self::words(folder))?);
        Ok(command)
    }
}

fn installed(name: &str, package: &str) -> Result<PathBuf, String> {
    let path = Path::new(BIN).join(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is missing (package {package})", path.display())) }
}
