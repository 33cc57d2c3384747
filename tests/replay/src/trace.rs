//! A trace: the actions of a program on a heap, as lines of text among others.
//!
//! ```text
//! BEGIN tiny, 4096 bytes at 0x20000010      which profile, over which region
//! > 000518                                  an action's bytes
//! END 412 actions, …                        the summary; missing if the device did not get there
//! ```

use core::fmt;

use crate::action::{Action, Actions, Encoded};

/// What stands in the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// A word for the profile.
    pub profile: &'a str,
    /// Of the region.
    pub bytes: usize,
    /// Where the region began. Its lower bits decide about aligned blocks.
    pub origin: u64,
}

impl fmt::Display for Head<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BEGIN {}, {} bytes at {:#x}", self.profile, self.bytes, self.origin)
    }
}

impl<'a> Head<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (profile, region) = line.strip_prefix("BEGIN ")?.split_once(", ")?;
        let (bytes, origin) = region.split_once(" bytes at 0x")?;
        Some(Self { profile, bytes: bytes.parse().ok()?, origin: u64::from_str_radix(origin, 16).ok()? })
    }
}

/// A line of what a device printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A trace begins.
    Begin(Head<'a>),
    /// The next action.
    Action(Action),
    /// It ends, with this summary.
    End(&'a str),
    /// None of a trace's.
    Other(&'a str),
}

impl<'a> Line<'a> {
    /// Reads a line without its end.
    pub fn read(text: &'a str) -> Self {
        let action = || text.strip_prefix("> ").and_then(read_action).map(Self::Action);
        let end = || text.strip_prefix("END ").map(Self::End);
        Head::read(text).map(Self::Begin).or_else(action).or_else(end).unwrap_or(Self::Other(text))
    }
}

fn read_action(digits: &str) -> Option<Action> {
    let mut bytes = [0; 8];
    let room = bytes.get_mut(..digits.len() / 2)?;
    for (byte, at) in room.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Actions::new(room).next()
}

/// An action's line, in one piece and with its end.
pub struct ActionLine {
    text: [u8; 16],
    length: usize,
}

impl ActionLine {
    /// Of these bytes.
    pub fn new(action: &Encoded) -> Self {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 15)];
        let digits = action.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]);
        let mut line = Self { text: [0; 16], length: 0 };
        for letter in b"> ".iter().copied().chain(digits).chain([b'\n']) {
            line.text[line.length] = letter;
            line.length += 1;
        }
        line
    }
}

impl core::ops::Deref for ActionLine {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

#[cfg(test)]
mod tests;
