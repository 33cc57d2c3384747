//! Tells whether two outputs are equal without keeping either.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::Path;

/// Length and hash of an output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Digest {
    pub(super) bytes: u64,
    hash: u64,
}

impl Digest {
    /// That of a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut hasher, mut bytes, mut piece) = (DefaultHasher::new(), 0, [0; 1 << 16]);
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                return Ok(Self { bytes, hash: hasher.finish() });
            }
            hasher.write(&piece[..length]);
            bytes += length as u64;
        }
    }
}
