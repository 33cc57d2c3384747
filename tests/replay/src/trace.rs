//! A trace: the actions of a program on a heap, as lines of text among others.
//!
//! ```text
//! BEGIN tiny, 4096 bytes at 0x20000010      which profile, over which region
//! > 000518                                  an action's bytes
//! END 412 actions, …                        the summary; missing if the device did not get there
//! ```

use core::fmt;
use core::str::Lines;

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

/// The first trace in a text.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    /// Its first line.
    pub head: Head<'a>,
    lines: Lines<'a>,
}

impl<'a> Trace<'a> {
    /// If there is one.
    pub fn find(text: &'a str) -> Option<Self> {
        let mut lines = text.lines();
        let head = lines.find_map(|line| if let Line::Begin(head) = Line::read(line) { Some(head) } else { None })?;
        Some(Self { head, lines })
    }

    /// The lines before the next trace's, up to the summary.
    fn lines(&self) -> impl Iterator<Item = Line<'a>> {
        let mut has_ended = false;
        self.lines.clone().map(Line::read).take_while(move |line| {
            let is_within = !has_ended && !matches!(line, Line::Begin(_));
            has_ended |= matches!(line, Line::End(_));
            is_within
        })
    }

    /// What was done.
    pub fn actions(&self) -> impl Iterator<Item = Action> {
        self.lines().filter_map(|line| if let Line::Action(action) = line { Some(action) } else { None })
    }

    /// The summary, if the device came to the end.
    pub fn end(&self) -> Option<&'a str> {
        self.lines().find_map(|line| if let Line::End(summary) = line { Some(summary) } else { None })
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
