//! Elf: what an executable's file says about how it will be started. Reads, never trusts: every offset is
//! checked against the file's length.
//!
//! ```text
//! header ─┬─ program headers ─┬─ interp          the loader's path
//!         │                   └─ dynamic         needed libraries
//!         └─ section headers ── symbol tables    names that the file defines
//! ```

use std::io::Result;
use std::path::Path;

use crate::image::{Image, broken, byte, text_at, u16_at, u32_at, u64_at};

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_FLAGS_1: u64 = 0x6FFF_FFFB;
const DF_1_INITFIRST: u64 = 0x20;
const DF_1_PIE: u64 = 0x0800_0000;
const ET_DYN: u16 = 3;
const SHT_SYMTAB: u32 = 2;
const SHT_DYNSYM: u32 = 11;
const SYMBOL_BYTES: usize = 24;

/// Which processor, word size and byte order a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// 1 for 32 bits, 2 for 64 bits.
    class: u8,
    /// 1 for little endian, 2 for big endian.
    order: u8,
    /// The processor's number in the ELF standard.
    processor: u16,
}

impl Machine {
    /// 64 bits, little endian.
    pub(crate) fn is_readable(self) -> bool {
        (self.class, self.order) == (2, 1)
    }

    /// The name people know, `x86-64` or `ELF machine 123`.
    pub(crate) fn name(self) -> String {
        match (self.processor, self.class) {
            (62, 2) => "x86-64".into(),
            (62, _) => "x32".into(),
            (3, _) => "x86 (32 bits)".into(),
            (183, _) => "AArch64".into(),
            (40, _) => "ARM (32 bits)".into(),
            (243, 2) => "RISC-V (64 bits)".into(),
            (243, _) => "RISC-V (32 bits)".into(),
            (21, _) => "PowerPC (64 bits)".into(),
            (22, _) => "S/390".into(),
            (258, _) => "LoongArch".into(),
            (other, class) => format!("ELF machine {other} ({} bits)", u16::from(class) * 32),
        }
    }
}

/// What is known of one file. Beyond [`Self::machine`] only files of 64 bits, little endian, are read.
#[derive(Debug)]
pub(crate) struct Elf {
    /// What it was built for.
    pub(crate) machine: Machine,
    /// The loader that the kernel starts it with; none if it is statically linked.
    pub(crate) interp: Option<String>,
    /// Made to be loaded by programs; a program that can be placed anywhere is none.
    pub(crate) is_library: bool,
    /// Initialised before all other libraries.
    pub(crate) is_first: bool,
    /// The libraries it names.
    pub(crate) needed: Vec<String>,
    /// Wanted names that it defines for all the process's libraries.
    pub(crate) exported: Vec<String>,
    /// Wanted names that it defines at all; empty if it was stripped.
    pub(crate) inside: Vec<String>,
}

impl Elf {
    /// Reads `path`; of all symbols only those that `wanted` says yes to are kept.
    pub(crate) fn read(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let image = Image::open(path)?;
        let magic = image.bytes(0, image.length().min(4))?;
        if magic != b"\x7fELF" {
            return Err(broken("it is not an ELF file, nor a script with #!"));
        }
        let header = image.bytes(0, 20)?;
        let order = byte(&header, 5);
        let pair = [byte(&header, 18), byte(&header, 19)];
        let processor = if order == 2 { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        let machine = Machine { class: byte(&header, 4), order, processor };
        let mut elf = Self {
            machine,
            interp: None,
            is_library: false,
            is_first: false,
            needed: vec![],
            exported: vec![],
            inside: vec![],
        };
        if machine.is_readable() {
            let header = image.bytes(0, 64)?;
            elf.read_segments(&image, &header)?;
            elf.read_symbols(&image, &header, wanted)?;
        }
        Ok(elf)
    }

    fn read_segments(&mut self, image: &Image, header: &[u8]) -> Result<()> {
        let table = image.table(u64_at(header, 32), u16_at(header, 54), u16_at(header, 56))?;
        let segments: Vec<Segment> = table.iter().map(|row| Segment::new(row)).collect();
        for segment in &segments {
            match segment.kind {
                PT_INTERP => self.interp = Some(text_at(&image.bytes(segment.offset, segment.bytes)?, 0)),
                PT_DYNAMIC => self.read_dynamic(image, segment, &segments)?,
                _ => {}
            }
        }
        self.is_library &= u16_at(header, 16) == ET_DYN;
        Ok(())
    }

    fn read_dynamic(&mut self, image: &Image, dynamic: &Segment, segments: &[Segment]) -> Result<()> {
        let table = image.bytes(dynamic.offset, dynamic.bytes)?;
        let entries = || table.chunks_exact(16).map(|entry| (u64_at(entry, 0), u64_at(entry, 8)));
        let value = |tag| entries().find(|entry| entry.0 == tag).map(|entry| entry.1);
        // The C library has a loader of its own to name, so that it can be started; it also has a name.
        let flags = value(DT_FLAGS_1).unwrap_or(0);
        self.is_first = flags & DF_1_INITFIRST != 0;
        let is_program = flags & DF_1_PIE != 0;
        let has_loader = segments.iter().any(|segment| segment.kind == PT_INTERP);
        self.is_library = !is_program && (value(DT_SONAME).is_some() || !has_loader);
        let (Some(address), Some(bytes)) = (value(DT_STRTAB), value(DT_STRSZ)) else { return Ok(()) };
        let Some(offset) = segments.iter().find_map(|segment| segment.offset_of(address)) else { return Ok(()) };
        let names = image.bytes(offset, bytes)?;
        self.needed = entries().filter(|entry| entry.0 == DT_NEEDED).map(|entry| text_at(&names, entry.1)).collect();
        Ok(())
    }

    fn read_symbols(&mut self, image: &Image, header: &[u8], wanted: impl Fn(&str) -> bool) -> Result<()> {
        let sections = image.table(u64_at(header, 40), u16_at(header, 58), u16_at(header, 60))?;
        for section in &sections {
            let kind = u32_at(section, 4);
            if kind != SHT_SYMTAB && kind != SHT_DYNSYM {
                continue;
            }
            let Some(strings) = sections.get(u32_at(section, 40) as usize) else { continue };
            let symbols = image.bytes(u64_at(section, 24), u64_at(section, 32))?;
            let names = image.bytes(u64_at(strings, 24), u64_at(strings, 32))?;
            let defined = symbols.chunks_exact(SYMBOL_BYTES).filter(|symbol| u16_at(symbol, 6) != 0);
            let kept = defined.map(|symbol| text_at(&names, u32_at(symbol, 0).into())).filter(|name| wanted(name));
            if kind == SHT_DYNSYM { self.exported.extend(kept) } else { self.inside.extend(kept) }
        }
        Ok(())
    }
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    bytes: u64,
}

impl Segment {
    fn new(row: &[u8]) -> Self {
        Self { kind: u32_at(row, 0), offset: u64_at(row, 8), address: u64_at(row, 16), bytes: u64_at(row, 32) }
    }

    /// Where in the file the byte stands that is loaded at `address`.
    fn offset_of(&self, address: u64) -> Option<u64> {
        let distance = address.checked_sub(self.address)?;
        (self.kind == PT_LOAD && distance < self.bytes).then(|| self.offset.checked_add(distance))?
    }
}
