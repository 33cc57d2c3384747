//! A place in tables of a loaded file, and how their numbers are read: in the encodings of the Linux Standard Base.

#![allow(unsafe_code, reason = "reads loaded files")]

use core::ptr;

/// Encodings of addresses: what they are counted from, and their form.
const RELATIVE: u8 = 0x70;
const FROM_HERE: u8 = 0x10;
const FORM: u8 = 0x0f;

/// From here to the end nothing but the file is read.
#[derive(Clone, Copy)]
pub(crate) struct Cursor {
    at: usize,
    end: usize,
}

impl Cursor {
    /// # Safety
    ///
    /// Everything between is loaded, and stays.
    pub(crate) unsafe fn new(at: usize, end: usize) -> Self {
        Self { at, end }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The same place, and an end that is not behind this one.
    pub(crate) fn up_to(self, end: usize) -> Self {
        Self { at: self.at, end: end.min(self.end) }
    }

    pub(crate) fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|&at| at <= self.end)?;
        Some(())
    }

    /// So many bytes as a piece of its own, which is passed.
    pub(crate) fn piece(&mut self, bytes: usize) -> Option<Self> {
        let start = *self;
        self.skip(bytes)?;
        Some(start.up_to(self.at))
    }

    fn read<T: Copy>(&mut self) -> Option<T> {
        let from = self.at;
        self.skip(size_of::<T>())?;
        // SAFETY: before the end, so loaded; callers read numbers, of which every pattern is one.
        Some(unsafe { ptr::with_exposed_provenance::<T>(from).read_unaligned() })
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.read()
    }

    pub(crate) fn word16(&mut self) -> Option<usize> {
        self.read::<u16>().map(usize::from)
    }

    pub(crate) fn word32(&mut self) -> Option<usize> {
        self.read::<u32>().map(|word| word as usize)
    }

    pub(crate) fn signed32(&mut self) -> Option<isize> {
        self.read::<i32>().map(|word| word as isize)
    }

    /// A number of 7 bits a byte, the lowest first, and how many bits were there.
    fn sevens(&mut self) -> Option<(u64, u32)> {
        let (mut number, mut bits) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(bits)?;
            bits += 7;
            if byte & 0x80 == 0 {
                return Some((number, bits));
            }
        }
    }

    pub(crate) fn number(&mut self) -> Option<usize> {
        self.sevens().map(|(number, _)| number as usize)
    }

    pub(crate) fn signed(&mut self) -> Option<isize> {
        let (number, bits) = self.sevens()?;
        let unused = u64::BITS.saturating_sub(bits);
        Some(((number << unused) as i64 >> unused) as isize)
    }

    /// An address, or with an encoding that is only a form, a length.
    pub(crate) fn address(&mut self, encoding: u8) -> Option<usize> {
        let base = match encoding & RELATIVE {
            0 => 0,
            FROM_HERE => self.at,
            _ => return None,
        };
        let value = match encoding & FORM {
            0x0 | 0x4 | 0xc => self.read::<usize>()?,
            0x1 => self.number()?,
            0x2 => self.word16()?,
            0x3 => self.word32()?,
            0x9 => self.signed()? as usize,
            0xa => self.read::<i16>()? as usize,
            0xb => self.signed32()? as usize,
            _ => return None,
        };
        Some(base.wrapping_add(value))
    }

    /// A length in the form of an encoding.
    pub(crate) fn length(&mut self, encoding: u8) -> Option<usize> {
        self.address(encoding & FORM)
    }

    /// A text that ends with 0, without it.
    pub(crate) fn text(&mut self) -> Option<Self> {
        let start = *self;
        while self.byte()? != 0 {}
        Some(start.up_to(self.at - 1))
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.end
    }
}
