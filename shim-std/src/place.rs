//! Where zones may lie: far below what the kernel maps by itself, so that neither comes near the other, and where nobody
//! can foretell. Nothing is asked of the system: a main thread's stack is the highest thing that a program has, and the
//! kernel left random bytes on it.
//!
//! ```text
//! 0 … program, heap of brk … | 13/16 of the top … zones, downwards from a place by chance … 15/16 | … libraries, stacks
//! ```
//! Where addresses are not to differ from run to run (`setarch -R`, gdb), the place does not either.

#![allow(unsafe_code, reason = "reads what the kernel left on the stack")]

use core::ffi::c_ulong;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

const AT_RANDOM: c_ulong = 25;
/// Room for blocks in a zone: at most this much address space.
const ZONE_MOST: usize = 1 << 40;
/// A stack that ends so near to a power of two was put there by nobody's chance.
const BY_CHANCE: usize = 256 << 10;

/// The place that was handed out last; 0 for none. All providers of a process share it.
static LAST: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    fn getauxval(kind: c_ulong) -> c_ulong;
}

/// Addresses that a program can have, and a number by chance.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    top: usize,
    chance: u64,
}

impl Span {
    /// This process's.
    pub(crate) fn of_this_process() -> Self {
        // SAFETY: getauxval only reads what the kernel left on the stack.
        let random = ptr::with_exposed_provenance::<[u64; 2]>(unsafe { getauxval(AT_RANDOM) } as usize);
        if random.is_null() {
            let here = 0u8;
            return Self::new(ptr::from_ref(&here).addr(), 0);
        }
        // SAFETY: 16 bytes, which the kernel left at that place.
        let [_, chance] = unsafe { random.read_unaligned() };
        Self::new(random.addr(), chance)
    }

    /// The same from an address of the main thread's stack, and a number by chance.
    const fn new(stack: usize, chance: u64) -> Self {
        let top = stack.next_power_of_two();
        Self { top, chance: if top - stack < BY_CHANCE { 0 } else { mixed(chance) } }
    }

    const fn lowest(self) -> usize {
        self.top / 16 * 13
    }

    const fn end(self) -> usize {
        self.top / 16 * 15
    }

    /// Bytes of blocks of a zone, a power of two.
    pub(crate) const fn zone_bytes(self) -> usize {
        if self.top / 16 < ZONE_MOST { self.top / 16 } else { ZONE_MOST }
    }

    /// Where the zone after `last` may start; of the first one `last` is 0. `None` if so many bytes never fit.
    const fn place(self, last: usize, bytes: usize, align: usize) -> Option<usize> {
        let Some(room) = (self.end() - self.lowest()).checked_sub(bytes) else { return None };
        let start = if last < self.lowest() + bytes {
            // The first of all, or they begin anew, elsewhere.
            let chance = self.chance ^ if last == 0 { 0 } else { mixed(last as u64) };
            self.end() - bytes - (chance % (room as u64 / 2 + 1)) as usize
        } else {
            last - bytes
        };
        Some(start / align * align)
    }
}

/// Spreads the bits of a number; it cannot be told from the answer's lower half alone.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (number ^ number >> 31) >> 20
}

/// Bytes of blocks of a zone.
pub(crate) fn zone_bytes() -> usize {
    Span::of_this_process().zone_bytes()
}

/// True for addresses that only zones of ours have.
pub(crate) fn is_ours(address: usize) -> bool {
    let span = Span::of_this_process();
    (span.lowest()..span.end()).contains(&address)
}

/// The next place for `bytes` at a multiple of `align`, another with each call; `None` if so many never fit.
pub(crate) fn next(bytes: usize, align: usize) -> Option<*mut u8> {
    let span = Span::of_this_process();
    let mut last = LAST.load(Ordering::Relaxed);
    loop {
        let place = span.place(last, bytes, align)?;
        match LAST.compare_exchange_weak(last, place, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Some(ptr::with_exposed_provenance_mut(place)),
            Err(now) => last = now,
        }
    }
}

#[cfg(test)]
mod tests;
