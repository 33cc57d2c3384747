//! Memory: what the kernel says of this process's. Nothing is allocated for it, or the reading would be read.

use std::fs::File;
use std::io::Read;

const STATUS: &str = "/proc/self/status";
const SUM: &str = "/proc/self/smaps_rollup";
const MAPPINGS: &str = "/proc/self/smaps";
const STAT: &str = "/proc/self/stat";

/// The most that was ever resident.
pub(crate) fn peak_kb() -> Result<u64, String> {
    kilobytes(STATUS, "VmHWM:")
}

/// What is resident, counted page by page: VmRSS is an estimate.
pub(crate) fn resident_kb() -> Result<u64, String> {
    kilobytes(SUM, "Rss:")
}

/// Page faults so far that needed no disk.
pub(crate) fn minor_faults() -> Result<u64, String> {
    let mut text = [0; 4096];
    // The name, in brackets, may hold spaces; the figure is the eighth behind it.
    let behind_name = read(STAT, &mut text)?.rsplit(')').next().unwrap_or_default();
    let faults = behind_name.split_whitespace().nth(7).and_then(|faults| faults.parse().ok());
    faults.ok_or_else(|| format!("{STAT} is not as Linux writes it; run it on Linux"))
}

/// What is resident of no file, and all that is mapped of the file `library`, resident or not: how much of a file is
/// resident is the page cache's doing. It changes by 20 kB from run to run, with where a library comes to lie, and from
/// machine to machine, and is shared.
pub(crate) fn own_kb(library: Option<&str>) -> Result<u64, String> {
    let mut text = [0; 1 << 16];
    let (mut own, mut mapped, mut is_library) = (0, 0, false);
    for line in read(MAPPINGS, &mut text)?.lines() {
        if let Some(kilobytes) = number(line, "Size:") {
            mapped = kilobytes;
        } else if let Some(anonymous) = number(line, "Anonymous:") {
            own += if is_library { mapped } else { anonymous };
        } else if !line.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            // The head of a mapping: addresses, rights, and the file at its end. A loader may leave gaps that nobody
            // can read.
            is_library = library.is_some_and(|library| line.ends_with(library)) && !line.contains(" ---p ");
        }
    }
    Ok(own)
}

fn kilobytes(path: &str, label: &str) -> Result<u64, String> {
    let mut text = [0; 4096];
    let figure = read(path, &mut text)?.lines().find_map(|line| number(line, label));
    figure.ok_or_else(|| format!("{path} has no {label} it takes Linux's /proc"))
}

/// The number behind a label at the start of a line.
fn number(line: &str, label: &str) -> Option<u64> {
    line.strip_prefix(label)?.split_whitespace().next()?.parse().ok()
}

fn read<'a>(path: &str, text: &'a mut [u8]) -> Result<&'a str, String> {
    let whole = File::open(path).and_then(|mut file| {
        let mut length = 0;
        loop {
            match file.read(text.get_mut(length..).unwrap_or_default())? {
                0 => return Ok(length),
                count => length += count,
            }
        }
    });
    let length = whole.map_err(|why| format!("cannot read {path}: {why}; it takes Linux's /proc"))?;
    Ok(text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default())
}
