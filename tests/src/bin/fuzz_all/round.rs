//! One target for its time: from the kept corpus to what was found.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use hakmem_tests::fuzzed::{self, made_up, packed};

use crate::outcome::Outcome;
use crate::places::Places;

/// Bytes of the longest input.
const LONGEST: u32 = 2048;
/// Seconds that an input may take before it is a finding, on a busy machine too.
const PATIENCE: u32 = 60;
/// Inputs to begin with, beside those that were kept.
const MADE_UP: u32 = 50;
/// Seconds for making a finding smaller.
const MINIMISING: u32 = 60;
/// A corpus is committed: no more inputs than this, and no more bytes.
const MOST_INPUTS: usize = 300;
const MOST_BYTES: usize = 60_000;

/// What libFuzzer is told in every round.
fn fuzzer(places: &Places, name: &str) -> Command {
    let mut fuzzer = Command::new(places.program(name));
    fuzzer.env("ASAN_OPTIONS", "detect_leaks=0").env("HAKMEM_TEST_LIB", places.library());
    fuzzer.env_remove("LD_PRELOAD").env_remove("HAKMEM_CONF");
    fuzzer.args([format!("-max_len={LONGEST}"), format!("-timeout={PATIENCE}"), "-rss_limit_mb=3072".to_owned()]);
    // A program of eight bytes does nothing worth a try.
    fuzzer.arg("-len_control=0");
    fuzzer
}

fn logged(fuzzer: &mut Command, log: &Path) -> io::Result<ExitStatus> {
    let log = File::create(log)?;
    fuzzer.stdout(log.try_clone()?).stderr(log).status()
}

/// The words that a target's text is made of, as libFuzzer reads them: nothing, if it reads none.
fn dictionary(places: &Places, name: &str) -> io::Result<Option<PathBuf>> {
    let words = fuzzed::words(name);
    if words.is_empty() {
        return Ok(None);
    }
    let path = places.scratch().join(name).with_extension("dict");
    fs::write(&path, words.iter().map(|word| format!("\"{word}\"\n")).collect::<String>())?;
    Ok(Some(path))
}

/// Names of the files in a folder that there may be.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// An empty folder.
fn fresh(folder: PathBuf) -> io::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What was kept goes to where the fuzzer works, beside what it has there.
fn unpack(places: &Places, name: &str) -> io::Result<()> {
    let corpus = places.corpus(name);
    fs::create_dir_all(&corpus)?;
    let kept = if places.packed(name).exists() { packed::read(&places.packed(name))? } else { Vec::new() };
    for (number, input) in kept.iter().enumerate() {
        fs::write(corpus.join(format!("kept-{number}")), input)?;
    }
    for number in 0..MADE_UP {
        fs::write(corpus.join(format!("made-up-{number}")), made_up::input(name, number))?;
    }
    for path in fuzzed::found(&places.fuzz(), name) {
        fs::copy(&path, corpus.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Every input, or every second, third, …: of all lengths as many as may be kept.
fn thinned(inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let every = |step: usize| inputs.iter().step_by(step);
    let fits =
        |&step: &usize| every(step).len() <= MOST_INPUTS && every(step).map(Vec::len).sum::<usize>() <= MOST_BYTES;
    let step = (1..).find(fits).expect("one short input fits");
    every(step).cloned().collect()
}

/// The corpus without what adds nothing; how many inputs are committed of it.
fn keep(places: &Places, name: &str) -> io::Result<usize> {
    let smallest = fresh(places.smallest(name))?;
    let mut merge = fuzzer(places, name);
    merge.arg("-set_cover_merge=1").arg(&smallest).arg(places.corpus(name));
    if !logged(&mut merge, &places.log(name).with_extension("merge.log"))?.success() {
        return Err(io::Error::other("its corpus cannot be merged"));
    }
    let mut inputs = files(&smallest).iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
    inputs.sort_by_key(Vec::len);
    let mut inputs = thinned(&inputs);
    inputs.dedup();
    fs::create_dir_all(places.fuzz().join("corpus"))?;
    let count = inputs.len();
    packed::write(&places.packed(name), inputs)?;
    Ok(count)
}

/// Brings the input of a finding to where it is kept, in as few bytes as can be had in a minute.
fn bring_home(places: &Places, name: &str, input: &Path) -> io::Result<PathBuf> {
    let smaller = places.artifacts(name).join("smaller");
    let mut minimise = fuzzer(places, name);
    minimise.arg("-minimize_crash=1").arg(format!("-max_total_time={MINIMISING}"));
    minimise.arg(format!("-exact_artifact_path={}", smaller.display())).arg(input);
    logged(&mut minimise, &places.log(name).with_extension("minimise.log"))?;
    fs::create_dir_all(places.found(name))?;
    let home = places.found(name).join(input.file_name().unwrap_or_default());
    fs::copy(if smaller.exists() { &smaller } else { input }, &home)?;
    Ok(home)
}

/// Lets a target run for its time.
pub(crate) fn play(places: &Places, name: &'static str, time: Duration, keeps: bool) -> Result<Outcome, String> {
    let told = |error: io::Error| error.to_string();
    unpack(places, name).map_err(told)?;
    fs::create_dir_all(places.scratch().join("log")).map_err(told)?;
    let artifacts = fresh(places.artifacts(name)).map_err(told)?;
    let started = Instant::now();
    let mut fuzzer = fuzzer(places, name);
    fuzzer.arg(format!("-max_total_time={}", time.as_secs())).arg("-print_final_stats=1");
    fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(places.corpus(name));
    if let Some(words) = dictionary(places, name).map_err(told)? {
        fuzzer.arg(format!("-dict={}", words.display()));
    }
    let status = logged(&mut fuzzer, &places.log(name)).map_err(told)?;
    let log = fs::read(places.log(name)).map_err(told)?;
    let mut outcome = Outcome::read(name, &String::from_utf8_lossy(&log), started.elapsed());
    if !status.success() {
        // It ends at the first one; without an input it did not get so far.
        let input = files(&artifacts).into_iter().next();
        let input = input.ok_or_else(|| format!("{status} and no input; see {}", places.log(name).display()))?;
        outcome.found = Some(bring_home(places, name, &input).map_err(told)?);
    } else if keeps {
        outcome.kept = Some(keep(places, name).map_err(told)?);
    }
    outcome.inputs = files(&places.corpus(name)).len();
    Ok(outcome)
}
