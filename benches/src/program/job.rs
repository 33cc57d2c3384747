//! A program made ready: run under one contender after another, its outcome held to that of a plain run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::child::passed_variables;
use crate::contender::{Contender, ContenderName, Contenders};
use crate::options::Options;
use crate::program::Program;
use crate::program::digest::Digest;
use crate::program::folder::Folder;
use crate::program::process::Process;
use crate::program::recipe::{Executable, Recipe};
use crate::program::{binding, builds};
use crate::sample::Sample;

/// What the loader says when it leaves a preload out.
const NOT_PRELOADED: &str = "cannot be preloaded";
/// Preloaded for glibc: else a program that is linked to another allocator would call that one.
const GLIBC: &str = "libc.so.6";

/// Its files are gone when it is dropped.
pub(crate) struct Job {
    recipe: Recipe,
    folder: Folder,
    expected: Digest,
}

/// One process of the program.
struct Launch<'run> {
    executable: PathBuf,
    /// Nobody in the plain run.
    contender: Option<&'run Contender>,
    preload: Option<&'run Path>,
    watched: bool,
}

impl Job {
    /// Writes the inputs, builds what is to be built, and runs the program once with nothing preloaded.
    pub(crate) fn prepare(program: Program, options: &Options, contenders: &Contenders) -> Result<Self, String> {
        let folder = Folder::new(&program.to_string()).map_err(|error| format!("a temporary folder: {error}"))?;
        let recipe = Recipe::write(program, options, contenders, &folder)?;
        let executable = match &recipe.executable {
            Executable::Preloaded(path) => path.clone(),
            Executable::Built(builds) => builds.first()?,
        };
        let plain = Launch { executable, contender: None, preload: None, watched: false };
        let (_, expected) = recipe.launch(&plain, &folder).map_err(|why| format!("a plain run failed: {why}"))?;
        if expected.bytes == 0 {
            return Err("a plain run wrote nothing".into());
        }
        Ok(Self { recipe, folder, expected })
    }

    /// Why a contender cannot be measured with it.
    pub(crate) fn refusal(&self, contender: ContenderName, options: &Options) -> Option<String> {
        match self.recipe.executable {
            Executable::Preloaded(_) => None,
            Executable::Built(_) => builds::refusal(contender, options),
        }
    }

    /// One run; where it is watched, a preload is also held to be the only `malloc`.
    pub(crate) fn run(&self, contender: &Contender, watched: bool) -> Result<Sample, String> {
        let (executable, preload) = match &self.recipe.executable {
            Executable::Preloaded(path) => {
                (path.clone(), Some(contender.library.as_deref().unwrap_or(Path::new(GLIBC))))
            }
            Executable::Built(builds) => (builds.of(contender.name)?, None),
        };
        let launch = Launch { executable, contender: Some(contender), preload, watched: watched && preload.is_some() };
        let (sample, digest) = self.recipe.launch(&launch, &self.folder)?;
        if launch.watched {
            binding::check(&self.folder, contender)?;
        }
        if preload.is_none() && last_words(&self.folder) != Some(builds::greeting(contender.name)) {
            return Err("did not take effect: it says that it has another allocator".into());
        }
        if digest != self.expected {
            return Err("its output is not that of a plain run".into());
        }
        Ok(sample)
    }
}

impl Recipe {
    /// Runs it to its end: what it used, and what came out.
    fn launch(&self, launch: &Launch<'_>, folder: &Folder) -> Result<(Sample, Digest), String> {
        let failed = |error: io::Error| format!("its files: {error}");
        let mut command = self.command(&launch.executable, folder).map_err(failed)?;
        if let Some(contender) = launch.contender {
            command.envs(passed_variables()).envs(contender.name.setting());
        }
        if let Some(library) = launch.preload {
            command.env("LD_PRELOAD", library);
        }
        if launch.watched {
            binding::watch(&mut command, folder);
        }
        let output = self.output(folder);
        let process = Process::start(&mut command)?;
        let loaded = match &self.load {
            Some(load) => Some(load.run(&output).map_err(|why| with_last_words(&why, folder))?),
            None => None,
        };
        let (wall, usage) = process.wait()?;
        if !usage.status.success() {
            return Err(with_last_words(&usage.status.to_string(), folder));
        }
        if fs::read_to_string(Self::words(folder)).is_ok_and(|words| words.contains(NOT_PRELOADED)) {
            return Err(with_last_words("did not take effect", folder));
        }
        let sample = Sample {
            steps: 1,
            wall_ns: loaded.unwrap_or(wall).as_nanos() as u64,
            cpu_ns: usage.cpu_ns,
            faults: usage.faults,
            peak_kb: usage.peak_kb,
            ..Sample::default()
        };
        Ok((sample, Digest::of(&output).map_err(failed)?))
    }
}

/// The last line that the program said on its standard error.
fn last_words(folder: &Folder) -> Option<String> {
    let words = fs::read_to_string(Recipe::words(folder)).ok()?;
    words.lines().next_back().map(str::to_owned)
}

fn with_last_words(failure: &str, folder: &Folder) -> String {
    last_words(folder).map_or(failure.into(), |last| format!("{failure}: {last}"))
}
