//! The tables that compilers leave in every file for exceptions: for each function a little program that says, at each
//! of its places, where its frame is and where the caller's registers are (`.eh_frame_hdr` and `.eh_frame` of the Linux
//! Standard Base).

#![allow(unsafe_code, reason = "reads loaded files")]

use crate::context::COUNT;
use crate::cursor::Cursor;
use crate::objects::Object;

/// The one form that linkers give the table of functions: pairs of 32 bits, counted from the table's head.
const HEAD: [u8; 2] = [0x03, 0x3b];
const HEAD_BYTES: usize = 12;
const ROW_BYTES: usize = 8;
/// States that are remembered at a time: compilers nest none.
const STATES: usize = 3;

/// Where a register of the caller's is.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Same,
    /// Nowhere: of the return address that there is no caller.
    Lost,
    /// At a distance from the frame.
    At(isize),
    /// It is that address.
    Is(isize),
    In(usize),
    AtResult(Cursor),
    IsResult(Cursor),
}

/// Where the frame is.
#[derive(Clone, Copy)]
pub(crate) enum Frame {
    From(usize, isize),
    Result(Cursor),
}

/// What holds at one place of a function.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) frame: Frame,
    pub(crate) rules: [Rule; COUNT],
}

/// What functions have in common.
struct Common {
    code_unit: usize,
    data_unit: isize,
    encoding: u8,
    has_more: bool,
    back: usize,
    is_handlers: bool,
    program: Cursor,
}

/// A function.
pub(crate) struct Function {
    pub(crate) start: usize,
    common: Common,
    program: Cursor,
}

/// A record: what follows its length.
fn record(mut at: Cursor) -> Option<Cursor> {
    let bytes = at.word32()?;
    // Longer ones have another form, and there are none.
    (bytes < u32::MAX as usize).then(|| at.piece(bytes))?
}

impl Common {
    fn read(at: Cursor) -> Option<Self> {
        let mut at = record(at)?;
        at.skip(4)?;
        let version = at.byte()?;
        let mut words = at.text()?;
        let (code_unit, data_unit) = (at.number()?, at.signed()?);
        let back = if version == 1 { usize::from(at.byte()?) } else { at.number()? };
        let mut common =
            Self { code_unit, data_unit, encoding: 0, has_more: false, back, is_handlers: false, program: at };
        if words.is_at_end() {
            return Some(common);
        }
        common.has_more = words.byte()? == b'z';
        let bytes = at.number().filter(|_| common.has_more)?;
        let mut more = at.piece(bytes)?;
        while let Some(word) = words.byte() {
            match word {
                b'R' => common.encoding = more.byte()?,
                b'L' => more.skip(1)?,
                b'P' => {
                    let encoding = more.byte()?;
                    more.length(encoding)?;
                }
                b'S' => common.is_handlers = true,
                b'B' => {}
                _ => return None,
            }
        }
        common.program = at;
        Some(common)
    }
}

impl Function {
    /// The one around an address of a file.
    pub(crate) fn around(address: usize, object: &Object) -> Option<Self> {
        if object.unwinding == 0 {
            return None;
        }
        // SAFETY: the file is loaded, and stays while a function of it is being called.
        let file = unsafe { Cursor::new(object.start, object.end) };
        let found = place(address, object.unwinding, file)?;
        let (function, bytes) = Self::read(seek(file, found)?, file)?;
        (address.wrapping_sub(function.start) < bytes).then_some(function)
    }

    /// It, and its length.
    fn read(at: Cursor, file: Cursor) -> Option<(Self, usize)> {
        let mut at = record(at)?;
        let here = at.at();
        let common = Common::read(seek(file, here.checked_sub(at.word32()?)?)?)?;
        let start = at.address(common.encoding)?;
        let bytes = at.length(common.encoding)?;
        if common.has_more {
            let more = at.number()?;
            at.skip(more)?;
        }
        Some((Self { start, common, program: at }, bytes))
    }

    /// The register that has the return address.
    pub(crate) fn back(&self) -> usize {
        self.common.back
    }

    /// True of the return from a handler: the caller was interrupted.
    pub(crate) fn is_handlers(&self) -> bool {
        self.common.is_handlers
    }

    /// What holds at a place of it.
    pub(crate) fn state(&self, place: usize) -> Option<State> {
        let first = State { frame: Frame::From(0, 0), rules: [Rule::Same; COUNT] };
        let mut run = Run { state: first, first, kept: [first; STATES], depth: 0, at: self.start, place };
        run.all(self.common.program, &self.common)?;
        run.first = run.state;
        run.all(self.program, &self.common)?;
        Some(run.state)
    }
}

/// The same file from an address on.
fn seek(mut file: Cursor, address: usize) -> Option<Cursor> {
    file.skip(address.checked_sub(file.at())?)?;
    Some(file)
}

/// Where the record is of the last function that starts at an address or before.
fn place(address: usize, head: usize, file: Cursor) -> Option<usize> {
    let mut at = seek(file, head)?;
    at.skip(2)?;
    let form = [at.byte()?, at.byte()?];
    at.skip(4)?;
    let count = at.word32().filter(|_| form == HEAD)?;
    let row = |number: usize| {
        let mut at = seek(file, head + HEAD_BYTES + number * ROW_BYTES)?;
        Some((head.wrapping_add_signed(at.signed32()?), head.wrapping_add_signed(at.signed32()?)))
    };
    let (mut from, mut to) = (0, count);
    while from < to {
        let middle = usize::midpoint(from, to);
        if row(middle)?.0 <= address { from = middle + 1 } else { to = middle }
    }
    Some(row(from.checked_sub(1)?)?.1)
}

/// A program under way.
struct Run {
    state: State,
    /// Before the function's own program.
    first: State,
    kept: [State; STATES],
    depth: usize,
    at: usize,
    place: usize,
}

impl Run {
    /// Until it ends, or speaks of what comes behind the place.
    fn all(&mut self, mut program: Cursor, common: &Common) -> Option<()> {
        while !program.is_at_end() && self.at <= self.place {
            self.one(&mut program, common)?;
        }
        Some(())
    }

    fn one(&mut self, program: &mut Cursor, common: &Common) -> Option<()> {
        let byte = program.byte()?;
        let low = usize::from(byte & 0x3f);
        match byte >> 6 {
            1 => self.advance(low, common),
            2 => {
                let distance = self.units(program.number()?, common)?;
                self.set(low, Rule::At(distance));
            }
            3 => self.restore(low),
            _ => self.rest(byte, program, common)?,
        }
        Some(())
    }

    fn rest(&mut self, byte: u8, program: &mut Cursor, common: &Common) -> Option<()> {
        match byte {
            0x00 | 0x2d => {}
            0x01 => self.at = program.address(common.encoding)?,
            0x02 => self.advance(usize::from(program.byte()?), common),
            0x03 => self.advance(program.word16()?, common),
            0x04 => self.advance(program.word32()?, common),
            0x06 => self.restore(program.number()?),
            0x0a => {
                *self.kept.get_mut(self.depth)? = self.state;
                self.depth += 1;
            }
            0x0b => {
                self.depth = self.depth.checked_sub(1)?;
                self.state = *self.kept.get(self.depth)?;
            }
            0x0c..=0x0f | 0x12 | 0x13 => self.state.frame = self.frame(byte, program, common)?,
            0x2e => {
                program.number()?;
            }
            _ => {
                let register = program.number()?;
                let rule = self.rule(byte, program, common)?;
                self.set(register, rule);
            }
        }
        Some(())
    }

    fn frame(&self, byte: u8, program: &mut Cursor, common: &Common) -> Option<Frame> {
        if byte == 0x0f {
            let bytes = program.number()?;
            return Some(Frame::Result(program.piece(bytes)?));
        }
        let (register, distance) = match self.state.frame {
            Frame::From(register, distance) => (register, distance),
            Frame::Result(_) => (0, 0),
        };
        Some(match byte {
            0x0c => Frame::From(program.number()?, program.number()? as isize),
            0x0d => Frame::From(program.number()?, distance),
            0x0e => Frame::From(register, program.number()? as isize),
            0x12 => Frame::From(program.number()?, program.signed()?.wrapping_mul(common.data_unit)),
            _ => Frame::From(register, program.signed()?.wrapping_mul(common.data_unit)),
        })
    }

    fn rule(&self, byte: u8, program: &mut Cursor, common: &Common) -> Option<Rule> {
        Some(match byte {
            0x05 => Rule::At(self.units(program.number()?, common)?),
            0x07 => Rule::Lost,
            0x08 => Rule::Same,
            0x09 => Rule::In(program.number()?),
            0x11 => Rule::At(program.signed()?.wrapping_mul(common.data_unit)),
            0x14 => Rule::Is(self.units(program.number()?, common)?),
            0x15 => Rule::Is(program.signed()?.wrapping_mul(common.data_unit)),
            0x10 | 0x16 => {
                let bytes = program.number()?;
                let result = program.piece(bytes)?;
                if byte == 0x10 { Rule::AtResult(result) } else { Rule::IsResult(result) }
            }
            _ => return None,
        })
    }

    fn units(&self, number: usize, common: &Common) -> Option<isize> {
        (number as isize).checked_mul(common.data_unit)
    }

    fn advance(&mut self, units: usize, common: &Common) {
        self.at = self.at.wrapping_add(units.wrapping_mul(common.code_unit));
    }

    /// Registers that are not followed are of no interest.
    fn set(&mut self, register: usize, rule: Rule) {
        if let Some(place) = self.state.rules.get_mut(register) {
            *place = rule;
        }
    }

    fn restore(&mut self, register: usize) {
        if let Some(&rule) = self.first.rules.get(register) {
            self.set(register, rule);
        }
    }
}
