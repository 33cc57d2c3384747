//! Expressions in tables for unwinding: how a frame is found where no register and offset say it. Compilers and the C
//! library use few operations, in entries of the linkage table, realigned functions and the return from a handler.

use crate::context::Registers;
use crate::cursor::Cursor;

const DEREF: u8 = 0x06;
const CONST1U: u8 = 0x08;
const AND: u8 = 0x1a;
const PLUS: u8 = 0x22;
const PLUS_UCONST: u8 = 0x23;
const SHL: u8 = 0x24;
const GE: u8 = 0x2a;
const LIT: u8 = 0x30;
const LIT_END: u8 = LIT + 31;
const BREG: u8 = 0x70;
const BREG_END: u8 = BREG + 31;

/// Values under way: none of those expressions is deeper.
struct Stack {
    values: [usize; 8],
    depth: usize,
}

impl Stack {
    fn push(&mut self, value: usize) -> Option<()> {
        *self.values.get_mut(self.depth)? = value;
        self.depth += 1;
        Some(())
    }

    fn pop(&mut self) -> Option<usize> {
        self.depth = self.depth.checked_sub(1)?;
        self.values.get(self.depth).copied()
    }

    fn both(&mut self, with: impl FnOnce(usize, usize) -> usize) -> Option<()> {
        let (second, first) = (self.pop()?, self.pop()?);
        self.push(with(first, second))
    }
}

/// What it comes to, given the registers, what stands on its stack first, and how words are read.
pub(crate) fn value(
    mut program: Cursor,
    registers: &Registers,
    first: Option<usize>,
    word: &mut dyn FnMut(usize) -> Option<usize>,
) -> Option<usize> {
    let mut stack = Stack { values: [0; 8], depth: 0 };
    if let Some(first) = first {
        stack.push(first)?;
    }
    while let Some(operation) = program.byte() {
        match operation {
            DEREF => {
                let address = stack.pop()?;
                stack.push(word(address)?)?;
            }
            CONST1U => stack.push(usize::from(program.byte()?))?,
            AND => stack.both(|first, second| first & second)?,
            PLUS => stack.both(usize::wrapping_add)?,
            PLUS_UCONST => {
                let more = program.number()?;
                let sum = stack.pop()?.wrapping_add(more);
                stack.push(sum)?;
            }
            SHL => stack.both(|first, second| first.checked_shl(second as u32).unwrap_or(0))?,
            GE => stack.both(|first, second| usize::from(first as isize >= second as isize))?,
            LIT..=LIT_END => stack.push(usize::from(operation - LIT))?,
            BREG..=BREG_END => {
                let base = *registers.get(usize::from(operation - BREG))?;
                stack.push(base.wrapping_add_signed(program.signed()?))?;
            }
            _ => return None,
        }
    }
    stack.pop()
}
