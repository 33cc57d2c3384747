//! Image: the bytes of an ELF file. Reads, never trusts: every offset is checked against the file's length, and
//! a word beyond the end of a table is 0.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// No table of an honest program is larger; a damaged file must not fill the memory.
const TABLE_BYTES_MOST: u64 = 1 << 30;

/// An open file.
#[derive(Debug)]
pub(crate) struct Image {
    file: File,
    length: u64,
}

impl Image {
    /// Opens it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// `count` bytes from `offset` on.
    pub(crate) fn bytes(&self, offset: u64, count: u64) -> Result<Vec<u8>> {
        let end = offset.checked_add(count).filter(|&end| end <= self.length && count <= TABLE_BYTES_MOST);
        if end.is_none() {
            return Err(broken(&format!("the file is cut off: {count} bytes at {offset} of {}", self.length)));
        }
        let mut bytes = vec![0; count as usize];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// The rows of a header table; rows shorter than the standard's read as zeros.
    pub(crate) fn table(&self, offset: u64, row_bytes: u16, rows: u16) -> Result<Vec<Vec<u8>>> {
        let all = self.bytes(offset, u64::from(row_bytes) * u64::from(rows))?;
        Ok(all.chunks_exact(row_bytes.max(1).into()).map(<[u8]>::to_vec).collect())
    }
}

/// The error of a file that is not what it should be.
pub(crate) fn broken(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_owned())
}

/// The byte at `at`.
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

/// The 16 bits at `at`, little endian.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(word(bytes, at))
}

/// The 32 bits at `at`, little endian.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(word(bytes, at))
}

/// The 64 bits at `at`, little endian.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(word(bytes, at))
}

/// The text that starts at `at` and ends before a zero byte.
pub(crate) fn text_at(bytes: &[u8], at: u64) -> String {
    let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
    let text = rest.split(|&byte| byte == 0).next().unwrap_or(&[]);
    String::from_utf8_lossy(text).into_owned()
}
