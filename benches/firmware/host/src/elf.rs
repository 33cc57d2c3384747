//! Sizes of the sections of a 32-bit little-endian ELF file.

use std::path::Path;

/// Bytes of what is kept in flash, and in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    /// Code and constants.
    pub(crate) text: u64,
    /// Variables with a value: in both.
    pub(crate) data: u64,
    /// Variables that are zero.
    pub(crate) bss: u64,
}

impl Sections {
    pub(crate) fn flash(self) -> u64 {
        self.text + self.data
    }

    pub(crate) fn memory(self) -> u64 {
        self.data + self.bss
    }

    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let file = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::of(&file).ok_or_else(|| format!("{}: not a 32-bit ELF file", path.display()))
    }

    fn of(file: &[u8]) -> Option<Self> {
        let half = |at: usize| Some(u64::from(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?)));
        let word = |at: usize| Some(u64::from(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?)));
        if file.get(..6)? != b"\x7fELF\x01\x01" {
            return None;
        }
        let (table, entry, count, names) = (word(32)?, half(46)?, half(48)?, half(50)?);
        let header = |number: u64| usize::try_from(table + number * entry).ok();
        let names = usize::try_from(word(header(names)? + 16)?).ok()?;
        let mut sections = Self::default();
        for number in 0..count {
            let at = header(number)?;
            let name = file.get(names + usize::try_from(word(at)?).ok()?..)?;
            let size = word(at + 20)?;
            match name.split(|&byte| byte == 0).next()? {
                b".vector_table" | b".text" | b".rodata" => sections.text += size,
                b".data" => sections.data += size,
                b".bss" => sections.bss += size,
                _ => {}
            }
        }
        Some(sections)
    }
}
