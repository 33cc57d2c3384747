//! Frames of the calling thread, walked by the tables that compilers leave in every file for exceptions. No block is
//! taken, no lock is taken where the loader needs none to name a file, and no memory is read that the kernel would not
//! give: a frame that makes no sense ends the walk.

#![allow(unsafe_code, reason = "reads tables and stacks")]

use core::ffi::c_ulong;
use core::sync::atomic::{AtomicUsize, Ordering};

use hakmem_alloc::seam::caller;

use crate::cfi::{Frame, Function, Rule, State};
use crate::context::{self, PC, Registers, SP};
use crate::cursor::Cursor;
use crate::objects::{self, Object};
use crate::{expression, readable};

const AT_ENTRY: c_ulong = 9;
/// Steps of a walk, ours included.
const MOST_STEPS: usize = 96;
const PAGE_SHIFT: u32 = 12;

unsafe extern "C" {
    fn getauxval(kind: c_ulong) -> c_ulong;
}

/// Our own file, unless it is the program's too.
static OWN_START: AtomicUsize = AtomicUsize::new(0);
static OWN_END: AtomicUsize = AtomicUsize::new(0);

/// Has callers be walked from now on.
pub(crate) fn begin() {
    // SAFETY: reads what the kernel left on the stack.
    let entry = unsafe { getauxval(AT_ENTRY) } as usize;
    let own = objects::find_for_trace(begin as *const () as usize);
    if let Some(own) = own.filter(|own| !(own.start..own.end).contains(&entry)) {
        OWN_START.store(own.start, Ordering::Relaxed);
        OWN_END.store(own.end, Ordering::Relaxed);
    }
    // SAFETY: a walk takes neither a block nor a lock of ours.
    unsafe { caller::walk_with(walk) };
}

/// True if the address is in our own file.
pub(crate) fn is_ours(address: usize) -> bool {
    (OWN_START.load(Ordering::Relaxed)..OWN_END.load(Ordering::Relaxed)).contains(&address)
}

/// Where the function around an address starts; 0 if nobody knows.
pub(crate) fn start_of(address: usize) -> usize {
    let function = objects::find_for_trace(address).and_then(|object| Function::around(address, &object));
    function.map_or(0, |function| function.start)
}

/// A walk under way.
struct Walk {
    registers: Registers,
    /// False behind a call: then the place is the one before.
    is_exact: bool,
    /// The page that could be read last.
    page: usize,
    object: Option<Object>,
}

impl Walk {
    fn new(registers: Registers, is_exact: bool) -> Self {
        Self { registers, is_exact, page: 0, object: None }
    }

    fn place(&self) -> usize {
        self.registers[PC].wrapping_sub(usize::from(!self.is_exact))
    }

    /// A word of the stack.
    fn word(&mut self, address: usize) -> Option<usize> {
        if !address.is_multiple_of(size_of::<usize>()) {
            return None;
        }
        if address >> PAGE_SHIFT != self.page {
            self.page = Some(address >> PAGE_SHIFT).filter(|_| readable::is(address))?;
        }
        // SAFETY: aligned, and readable just now.
        Some(unsafe { core::ptr::with_exposed_provenance::<usize>(address).read() })
    }

    /// On to the caller; `None` where the stack ends, or makes no sense.
    fn step(&mut self) -> Option<()> {
        let place = self.place();
        let known = self.object.filter(|object| (object.start..object.end).contains(&place));
        let object = known.or_else(|| objects::find_for_trace(place))?;
        self.object = Some(object);
        let function = Function::around(place, &object)?;
        let before = self.registers[SP];
        self.registers = self.caller(&function.state(place)?, function.back())?;
        self.is_exact = function.is_handlers();
        (self.registers[PC] != 0 && (self.is_exact || self.registers[SP] > before)).then_some(())
    }

    fn caller(&mut self, state: &State, back: usize) -> Option<Registers> {
        let old = self.registers;
        let frame = match state.frame {
            Frame::From(register, distance) => old.get(register)?.wrapping_add_signed(distance),
            Frame::Result(program) => self.value(program, None)?,
        };
        if matches!(state.rules.get(back)?, Rule::Lost) {
            return None;
        }
        let mut new = old;
        new[SP] = frame;
        for (register, rule) in new.iter_mut().zip(state.rules) {
            match rule {
                Rule::Same | Rule::Lost => {}
                Rule::At(distance) => *register = self.word(frame.wrapping_add_signed(distance))?,
                Rule::Is(distance) => *register = frame.wrapping_add_signed(distance),
                Rule::In(other) => *register = *old.get(other)?,
                Rule::AtResult(program) => {
                    let address = self.value(program, Some(frame))?;
                    *register = self.word(address)?;
                }
                Rule::IsResult(program) => *register = self.value(program, Some(frame))?,
            }
        }
        new[PC] = context::place_of(*new.get(back)?);
        Some(new)
    }

    fn value(&mut self, program: Cursor, first: Option<usize>) -> Option<usize> {
        let registers = self.registers;
        expression::value(program, &registers, first, &mut |address| self.word(address))
    }
}

fn walk_from(mut walk: Walk, skips_ours: bool, frames: &mut [usize]) -> usize {
    let (mut count, mut begun) = (0, !skips_ours);
    for _ in 0..MOST_STEPS {
        begun |= !is_ours(walk.place());
        if begun {
            let Some(free) = frames.get_mut(count) else { break };
            *free = walk.place();
            count += 1;
        }
        if walk.step().is_none() {
            break;
        }
    }
    count
}

/// The calls that led here from outside, innermost first; how many.
#[inline(never)]
pub(crate) fn walk(frames: &mut [usize]) -> usize {
    let registers = context::here();
    walk_from(Walk::new(registers, true), true, frames)
}

/// The same from where a signal interrupted the thread.
pub(crate) fn walk_interrupted(registers: &Registers, frames: &mut [usize]) -> usize {
    walk_from(Walk::new(*registers, true), false, frames)
}
