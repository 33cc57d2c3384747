//! The parts that a superslab has in its zone, and what of them is claimed.

use crate::config::map::Map;
use crate::pages::Users;

/// What a superslab has in its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Its part of each map.
    Tiny,
    Fine,
    Middle,
    Coarse,
    Kinds,
    /// Its records.
    Meta,
    /// Its blocks, which come last.
    Blocks,
}

/// How many there are.
pub(super) const PARTS: usize = Part::Blocks as usize + 1;

/// A number of superslabs for each part.
pub(super) type Ends = [usize; PARTS];

impl Part {
    /// All: what is known of blocks comes before them.
    pub(super) const ALL: [Self; PARTS] =
        [Self::Tiny, Self::Fine, Self::Middle, Self::Coarse, Self::Kinds, Self::Meta, Self::Blocks];

    /// The map that it is a part of.
    pub(super) const fn map(self) -> Option<Map> {
        match self {
            Self::Tiny => Some(Map::Tiny),
            Self::Fine => Some(Map::Fine),
            Self::Middle => Some(Map::Middle),
            Self::Coarse => Some(Map::Coarse),
            Self::Kinds => Some(Map::Kinds),
            Self::Meta | Self::Blocks => None,
        }
    }

    /// True if it is little of a superslab: at most 1/64.
    pub(super) const fn is_small(self) -> bool {
        matches!(self, Self::Middle | Self::Coarse | Self::Kinds)
    }

    pub(super) const fn users(self) -> Users {
        if self.map().is_some() { Users::All } else { Users::SlowPaths }
    }
}

/// What of the last zone is claimed, which is the one that grows.
#[derive(Debug)]
pub(super) struct Claims {
    /// Superslabs of which each part is there; as many as are available, or more.
    ends: Ends,
    /// True if the blocks that were claimed last may come in huge pages.
    pub(super) huge: bool,
    /// Threads that are claiming something.
    pub(super) threads: u32,
}

impl Claims {
    pub(super) const fn new() -> Self {
        Self { ends: [0; PARTS], huge: false, threads: 0 }
    }

    /// Another zone grows from now on.
    pub(super) const fn begin(&mut self) {
        *self = Self { threads: self.threads, ..Self::new() };
    }

    pub(super) const fn of(&mut self, part: Part) -> &mut usize {
        &mut self.ends[part as usize]
    }
}
