//! The process's mappings, and what else the kernel says in files, read by system calls alone: no block is taken, so
//! that a signal handler can ask.

#![allow(unsafe_code, reason = "reads files of the kernel's")]

use core::ffi::{CStr, c_char, c_int, c_void};

const O_CLOEXEC: c_int = 0o2_000_000;

unsafe extern "C" {
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn read(file: c_int, bytes: *mut c_void, count: usize) -> isize;
    fn close(file: c_int) -> c_int;
}

/// A line of `/proc/self/maps`.
#[derive(Clone, Copy)]
pub(crate) struct Mapping<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// Where in its file it starts.
    pub(crate) offset: usize,
    /// The file, or the kernel's name in brackets; cut where it is long.
    pub(crate) path: &'a [u8],
}

/// Calls `each` with the bytes of a file, piece by piece, until it says false.
#[inline(never)]
fn for_each_piece(path: &CStr, each: &mut dyn FnMut(&[u8]) -> bool) {
    // SAFETY: plain files, plain buffers; what fails ends the loop.
    let file = unsafe { open(path.as_ptr(), O_CLOEXEC) };
    if file < 0 {
        return;
    }
    let mut text = [0u8; 1024];
    loop {
        // SAFETY: as above.
        let came = unsafe { read(file, text.as_mut_ptr().cast(), text.len()) };
        let piece = text.get(..usize::try_from(came).unwrap_or(0)).unwrap_or(b"");
        if piece.is_empty() || !each(piece) {
            break;
        }
    }
    // SAFETY: opened above.
    unsafe { close(file) };
}

/// Calls `each` with every mapping, in order of address, until it says false.
#[inline(never)]
pub(crate) fn for_each(each: &mut dyn FnMut(Mapping<'_>) -> bool) {
    let (mut line, mut length) = ([0u8; 320], 0usize);
    for_each_piece(c"/proc/self/maps", &mut |piece| {
        for &byte in piece {
            if byte != b'\n' {
                // A longer path than we keep is a path all the same.
                if let Some(place) = line.get_mut(length) {
                    *place = byte;
                    length += 1;
                }
                continue;
            }
            let goes_on = line.get(..length).and_then(parse).is_none_or(&mut *each);
            length = 0;
            if !goes_on {
                return false;
            }
        }
        true
    });
}

/// Reads `start-end rwxp offset device inode path`.
fn parse(line: &[u8]) -> Option<Mapping<'_>> {
    let mut fields = line.splitn(6, |&byte| byte == b' ');
    let range = fields.next()?;
    let protection = fields.next()?;
    let offset = hexadecimal(fields.next()?)?;
    let path = fields.nth(2).unwrap_or(b"").trim_ascii();
    let dash = range.iter().position(|&byte| byte == b'-')?;
    Some(Mapping {
        start: hexadecimal(range.get(..dash)?)?,
        end: hexadecimal(range.get(dash + 1..)?)?,
        is_readable: protection.first() == Some(&b'r'),
        is_writable: protection.get(1) == Some(&b'w'),
        offset,
        path,
    })
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0usize, |sum, &digit| Some(sum << 4 | (digit as char).to_digit(16)? as usize))
}

/// The first number in a file.
pub(crate) fn number_in(path: &CStr) -> Option<u64> {
    let mut number = None;
    for_each_piece(path, &mut |piece| {
        let digits = piece.split(|byte| !byte.is_ascii_digit()).next().filter(|digits| !digits.is_empty());
        number = digits.and_then(|digits| {
            let add = |sum: u64, &digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
            digits.iter().try_fold(0, add)
        });
        false
    });
    number
}
