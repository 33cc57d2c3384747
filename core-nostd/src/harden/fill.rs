//! `zero` and `junk`: what stands in a block after it was freed, and before it was written.
//!
//! | measures | freed blocks hold | new blocks hold |
//! |---|---|---|
//! | `zero` | 0 | what they hold |
//! | `junk` | [`FREED`] | [`FRESH`] |
//! | both | 0 | [`FRESH`] |

#![allow(unsafe_code, reason = "writes and reads freed blocks")]

use crate::config::flags::Harden;

/// Junk in freed blocks: as a pointer it is no address that a program can have, as a length it is huge.
pub(crate) const FREED: u8 = 0xDF;
/// Junk in new ones.
pub(crate) const FRESH: u8 = 0xA5;

const WORDS: usize = 8;

/// What freed blocks are filled with under these measures, if with anything.
pub(crate) const fn freed_byte(measures: Harden) -> Option<u8> {
    if measures.contains(Harden::ZERO) {
        Some(0)
    } else if measures.contains(Harden::JUNK) {
        Some(FREED)
    } else {
        None
    }
}

/// Where the first of `bytes` bytes stands that is not `byte`.
///
/// # Safety
///
/// So many can be read from there.
pub(crate) unsafe fn first_other(start: *mut u8, bytes: usize, byte: u8) -> Option<usize> {
    // SAFETY: the caller's promise. A client that writes meanwhile is what is looked for.
    let all = unsafe { core::slice::from_raw_parts(start, bytes) };
    // SAFETY: any eight bytes are a word.
    let (head, words, tail) = unsafe { all.align_to::<u64>() };
    let word = u64::from_ne_bytes([byte; 8]);
    let differs = |words: &[u64]| words.iter().fold(0, |all, &found| all | (found ^ word)) != 0;
    let place = |part: &[u8]| part.iter().position(|&found| found != byte);
    let within = |part: &[u64]| {
        let from = part.as_ptr().addr() - start.addr();
        Some(from + all.get(from..).and_then(place)?)
    };
    place(head)
        .or_else(|| words.chunks(WORDS).find(|part| differs(part)).and_then(within))
        .or_else(|| Some(bytes - tail.len() + place(tail)?))
}

#[cfg(test)]
mod tests;
