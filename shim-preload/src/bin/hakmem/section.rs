//! Section: a named part of an ELF file of 64 bits, little endian.

use std::io::Result;

use crate::image::{Image, broken, text_at, u16_at, u32_at, u64_at};

/// Takes room in the process but none in the file.
const SHT_NOBITS: u32 = 8;
const SHF_WRITE: u64 = 1;
const SHF_ALLOC: u64 = 2;
const SHF_TLS: u64 = 1 << 10;

/// A row of the section headers.
#[derive(Debug)]
pub(crate) struct Section {
    /// Such as `.text`.
    pub(crate) name: String,
    /// Its type's number in the ELF standard.
    pub(crate) kind: u32,
    /// The number of the section that belongs to it: the names of a symbol table's symbols.
    pub(crate) link: usize,
    /// How long it is, in the file or in the process.
    pub(crate) bytes: u64,
    flags: u64,
    offset: u64,
}

impl Section {
    /// All sections of a file.
    pub(crate) fn all(image: &Image) -> Result<Vec<Self>> {
        let header = image.bytes(0, 64)?;
        let rows = image.table(u64_at(&header, 40), u16_at(&header, 58), u16_at(&header, 60))?;
        let mut sections: Vec<Self> = rows.iter().map(|row| Self::new(row)).collect();
        let Some(names) = sections.get(usize::from(u16_at(&header, 62))) else {
            return Err(broken("it has no section headers: they were cut out; take the file as it was built"));
        };
        let names = names.content(image)?;
        for (section, row) in sections.iter_mut().zip(&rows) {
            section.name = text_at(&names, u32_at(row, 0).into());
        }
        Ok(sections)
    }

    fn new(row: &[u8]) -> Self {
        Self {
            name: String::new(),
            kind: u32_at(row, 4),
            link: u32_at(row, 40) as usize,
            bytes: u64_at(row, 32),
            flags: u64_at(row, 8),
            offset: u64_at(row, 24),
        }
    }

    /// What the file holds of it.
    pub(crate) fn content(&self, image: &Image) -> Result<Vec<u8>> {
        if self.kind == SHT_NOBITS { Ok(vec![]) } else { image.bytes(self.offset, self.bytes) }
    }

    /// Loaded, and never written to.
    pub(crate) fn is_text(&self) -> bool {
        self.flags & (SHF_ALLOC | SHF_WRITE) == SHF_ALLOC
    }

    /// Loaded from the file, and each process has its own.
    pub(crate) fn is_data(&self) -> bool {
        self.is_written() && self.kind != SHT_NOBITS
    }

    /// Zeros at first, and each process has its own.
    pub(crate) fn is_zeros(&self) -> bool {
        self.is_written() && self.kind == SHT_NOBITS
    }

    /// Each thread has its own.
    pub(crate) fn is_of_threads(&self) -> bool {
        self.flags & SHF_TLS != 0
    }

    fn is_written(&self) -> bool {
        self.flags & (SHF_ALLOC | SHF_WRITE) == SHF_ALLOC | SHF_WRITE
    }
}
