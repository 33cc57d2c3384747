//! Object: what the file of a shared library holds. It is read, never loaded: one for another processor will do.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Result};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::elf::Elf;
use crate::image::{Image, broken, byte, text_at, u16_at, u32_at};
use crate::section::Section;

const SHT_DYNSYM: u32 = 11;
const SHT_NEEDED_VERSIONS: u32 = 0x6FFF_FFFE;
const SHT_SYMBOL_VERSIONS: u32 = 0x6FFF_FFFF;
const SYMBOL_BYTES: usize = 24;
const BINDING_WEAK: u8 = 2;
/// A note's head and the name `GNU` with its zero.
const NOTE_HEAD_BYTES: usize = 16;

/// A symbol that it wants from another library.
#[derive(Debug)]
pub(crate) struct Import {
    /// Its name.
    pub(crate) name: String,
    /// The library that should have it and the version it should be of.
    pub(crate) origin: Option<(String, String)>,
    /// It does without if there is none.
    pub(crate) is_weak: bool,
}

/// Bytes of each kind, as `size` counts them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    /// Shared by all processes.
    pub(crate) text: u64,
    /// Of each process, from the file.
    pub(crate) data: u64,
    /// Of each process, zeros.
    pub(crate) bss: u64,
    /// Of each thread.
    pub(crate) tls: u64,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Object {
    /// What it says beside that of how it will be loaded.
    pub(crate) elf: Elf,
    /// Of the whole file.
    pub(crate) file_bytes: u64,
    /// Of the whole file, in hexadecimal.
    pub(crate) sha256: String,
    /// The linker's number for this build, in hexadecimal.
    pub(crate) build_id: Option<String>,
    /// Who compiled it, in the compiler's words.
    pub(crate) compiler: Option<String>,
    /// What takes room in processes.
    pub(crate) sizes: Sizes,
    /// Defined for all the process's libraries.
    pub(crate) exports: Vec<String>,
    /// Wanted from others.
    pub(crate) imports: Vec<Import>,
    /// The section that says what was built, if it is ours.
    pub(crate) label: Option<String>,
}

impl Object {
    /// Reads `path`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let elf = Elf::read(path, |_| false)?;
        if !elf.machine.is_readable() {
            let name = elf.machine.name();
            return Err(broken(&format!("it is for {name}; only files of 64 bits, little endian, are read")));
        }
        let image = Image::open(path)?;
        let sections = Section::all(&image)?;
        let named = |name: &str| sections.iter().find(|section| section.name == name);
        let content = |name: &str| named(name).map(|section| section.content(&image)).transpose();
        let comments = content(".comment")?.unwrap_or_default();
        let comments = comments.split(|&byte| byte == 0).map(String::from_utf8_lossy);
        let build_id = content(".note.gnu.build-id")?.unwrap_or_default();
        let build_id = build_id.get(NOTE_HEAD_BYTES..).filter(|number| !number.is_empty());
        let mut object = Self {
            elf,
            file_bytes: image.length(),
            sha256: sha256(path)?,
            build_id: build_id.map(hexadecimal),
            compiler: comments.into_iter().find(|text| text.starts_with("rustc")).map(Into::into),
            sizes: Sizes::of(&sections),
            exports: vec![],
            imports: vec![],
            label: content(".hakmem.label")?.map(|label| text_at(&label, 0)),
        };
        object.read_symbols(&image, &sections)?;
        Ok(object)
    }

    fn read_symbols(&mut self, image: &Image, sections: &[Section]) -> Result<()> {
        let content = |kind| match sections.iter().find(|section| section.kind == kind) {
            Some(section) => section.content(image),
            None => Ok(vec![]),
        };
        let Some(table) = sections.iter().find(|section| section.kind == SHT_DYNSYM) else { return Ok(()) };
        let Some(names) = sections.get(table.link) else { return Ok(()) };
        let (symbols, names) = (table.content(image)?, names.content(image)?);
        let origins = origins(&content(SHT_NEEDED_VERSIONS)?, &names);
        let versions = content(SHT_SYMBOL_VERSIONS)?;
        for (number, symbol) in symbols.chunks_exact(SYMBOL_BYTES).enumerate().skip(1) {
            let name = text_at(&names, u32_at(symbol, 0).into());
            if u16_at(symbol, 6) != 0 {
                self.exports.push(name);
            } else {
                let origin = origins.get(&u16_at(&versions, number * 2)).cloned();
                self.imports.push(Import { name, origin, is_weak: byte(symbol, 4) >> 4 == BINDING_WEAK });
            }
        }
        self.exports.sort_unstable();
        self.imports.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        Ok(())
    }
}

impl Sizes {
    fn of(sections: &[Section]) -> Self {
        let sum = |of: fn(&Section) -> bool| {
            sections.iter().filter(|section| of(section)).fold(0_u64, |sum, section| sum.saturating_add(section.bytes))
        };
        Self {
            text: sum(Section::is_text),
            data: sum(Section::is_data),
            bss: sum(Section::is_zeros),
            tls: sum(Section::is_of_threads),
        }
    }
}

/// Library and version by the number that symbols have for them.
///
/// A row for each library, and behind it a chain of rows for its versions; each says how far the next is.
fn origins(table: &[u8], names: &[u8]) -> BTreeMap<u16, (String, String)> {
    let mut origins = BTreeMap::new();
    let mut library_at = 0;
    while library_at < table.len() {
        let library = text_at(names, u32_at(table, library_at + 4).into());
        let mut version_at = library_at + u32_at(table, library_at + 8) as usize;
        for _ in 0..u16_at(table, library_at + 2) {
            let version = text_at(names, u32_at(table, version_at + 8).into());
            origins.insert(u16_at(table, version_at + 6), (library.clone(), version));
            version_at += u32_at(table, version_at + 12) as usize;
        }
        match u32_at(table, library_at + 12) as usize {
            0 => break,
            next => library_at += next,
        }
    }
    origins
}

fn sha256(path: &Path) -> Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut piece)?;
        match piece.get(..count) {
            Some(read) if count > 0 => hash.update(read),
            _ => return Ok(hexadecimal(&hash.finalize())),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
