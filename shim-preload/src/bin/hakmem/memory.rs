//! Memory: what the kernel says of this process's. Nothing is allocated for it, or the reading would be read.

use std::fs::File;
use std::io::Read;

const STATUS: &str = "/proc/self/status";
const SMAPS: &str = "/proc/self/smaps_rollup";
const STAT: &str = "/proc/self/stat";

/// The most that was ever resident.
pub(crate) fn peak_kb() -> Result<u64, String> {
    kilobytes(STATUS, "VmHWM:")
}

/// What is resident, counted page by page: VmRSS is an estimate.
pub(crate) fn resident_kb() -> Result<u64, String> {
    kilobytes(SMAPS, "Rss:")
}

/// Page faults so far that needed no disk.
pub(crate) fn minor_faults() -> Result<u64, String> {
    // The name, in brackets, may hold spaces; the figure is the eighth behind it.
    let faults = |text: &str| text.rsplit(')').next()?.split_whitespace().nth(7)?.parse().ok();
    read(STAT, |text| faults(text).ok_or_else(|| format!("{STAT} is not as Linux writes it; run it on Linux")))
}

/// The number behind a label at the start of a line.
fn kilobytes(path: &str, label: &str) -> Result<u64, String> {
    let number =
        |text: &str| text.lines().find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse().ok());
    read(path, |text| number(text).ok_or_else(|| format!("{path} has no {label} it takes Linux's /proc")))
}

fn read<T>(path: &str, find: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    let mut text = [0; 4096];
    let length = File::open(path).and_then(|mut file| file.read(&mut text));
    let length = length.map_err(|why| format!("cannot read {path}: {why}; it takes Linux's /proc"))?;
    find(text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default())
}
