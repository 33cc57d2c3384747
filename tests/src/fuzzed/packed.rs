//! Inputs in one file: a line of hexadecimal digits for each, in the order of their lengths.

use std::path::Path;
use std::{fs, io};

/// All inputs of a file.
///
/// # Errors
///
/// There is no such file, or a line is none of ours.
pub fn read(path: &Path) -> io::Result<Vec<Vec<u8>>> {
    let text = fs::read_to_string(path)?;
    let input = |line: &str| bytes(line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, line.to_owned()));
    text.lines().map(input).collect()
}

/// Replaces a file.
///
/// # Errors
///
/// It cannot be written.
pub fn write(path: &Path, mut inputs: Vec<Vec<u8>>) -> io::Result<()> {
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    inputs.dedup();
    let line =
        |input: &Vec<u8>| input.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect::<String>();
    fs::write(path, inputs.iter().map(line).collect::<String>())
}

fn bytes(line: &str) -> Option<Vec<u8>> {
    let pairs = (0..line.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(line.get(at..at + 2)?, 16).ok()).collect()
}
