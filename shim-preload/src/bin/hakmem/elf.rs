//! Elf: what an executable's file says about how it will be started. Reads, never trusts: every offset is
//! checked against the file's length.
//!
//! ```text
//! header ─┬─ program headers ─┬─ interp          the loader's path
//!         │                   └─ dynamic         needed libraries
//!         └─ section headers ── symbol tables    names that the file defines
//! ```

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt;
use std::path::Path;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const SHT_SYMTAB: u32 = 2;
const SHT_DYNSYM: u32 = 11;
const SYMBOL_BYTES: usize = 24;
/// No table of an honest program is larger; a damaged file must not fill the memory.
const TABLE_BYTES_MOST: u64 = 1 << 30;

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
        let magic = image.bytes(0, image.length.min(4))?;
        if magic != b"\x7fELF" {
            return Err(broken("it is neither an ELF file nor a script with #!"));
        }
        let header = image.bytes(0, 20)?;
        let order = byte(&header, 5);
        let pair = [byte(&header, 18), byte(&header, 19)];
        let processor = if order == 2 { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        let machine = Machine { class: byte(&header, 4), order, processor };
        let mut elf = Self { machine, interp: None, needed: vec![], exported: vec![], inside: vec![] };
        if (machine.class, order) == (2, 1) {
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
                PT_DYNAMIC => self.read_needed(image, segment, &segments)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_needed(&mut self, image: &Image, dynamic: &Segment, segments: &[Segment]) -> Result<()> {
        let table = image.bytes(dynamic.offset, dynamic.bytes)?;
        let entries = || table.chunks_exact(16).map(|entry| (u64_at(entry, 0), u64_at(entry, 8)));
        let value = |tag| entries().find(|entry| entry.0 == tag).map(|entry| entry.1);
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

struct Image {
    file: File,
    length: u64,
}

impl Image {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    fn bytes(&self, offset: u64, count: u64) -> Result<Vec<u8>> {
        let end = offset.checked_add(count).filter(|&end| end <= self.length && count <= TABLE_BYTES_MOST);
        if end.is_none() {
            return Err(broken(&format!("the file is cut off: {count} bytes at {offset} of {}", self.length)));
        }
        let mut bytes = vec![0; count as usize];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// The rows of a header table; rows shorter than the standard's read as zeros.
    fn table(&self, offset: u64, row_bytes: u16, rows: u16) -> Result<Vec<Vec<u8>>> {
        let all = self.bytes(offset, u64::from(row_bytes) * u64::from(rows))?;
        Ok(all.chunks_exact(row_bytes.max(1).into()).map(<[u8]>::to_vec).collect())
    }
}

fn broken(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_owned())
}

fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(word(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(word(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(word(bytes, at))
}

/// The text that starts at `at` and ends before a zero byte.
fn text_at(bytes: &[u8], at: u64) -> String {
    let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
    let text = rest.split(|&byte| byte == 0).next().unwrap_or(&[]);
    String::from_utf8_lossy(text).into_owned()
}
