//! The switches that are sets of bits.

use bitflags::bitflags;

bitflags! {
    /// What every call is watched for. While a bit is set, the thread's fast paths stay closed
    /// (its front is empty, so each call takes the slow path), which is what makes watching free
    /// when it is off.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Watch: u8 {
        /// Count the calls.
        const COUNT = 1;
        /// Claim each freed block by an atomic exchange, so that two threads that free one block
        /// at the same moment are told apart at once, not when the batch leaves the front.
        const DOUBLE_FREE = 2;
        /// The thread holds blocks of a further zone, which the fast paths do not know.
        const ZONES = 4;
        /// The door sees every call first: it tells somebody who watches the process, or passes the call on.
        const DOOR = 8;
        /// Every block is to be guarded, as far as slots are free.
        const GUARD = 16;
    }
}

bitflags! {
    /// Mechanisms that are switched off, so that the worth of each can be measured in one binary. Slow paths
    /// alone ask. The order is that of [`Off::WORDS`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Off: u8 {
        /// Cold threads that take from common heaps: every thread gets a heap of its own at its first refill.
        const COLD_THREADS = 1;
        /// Starters: the first block of a class opens a slab of its own.
        const STARTERS = 2;
        /// Magazines that grow where they overflow: they keep their first size.
        const GROWTH = 4;
        /// Slabs held in advance: each span comes from the pool and goes back there.
        const RESERVE = 8;
        /// Packed blocks: every block of 8 to 32 KiB gets a room.
        const PACKING = 16;
        /// Moving pages: a large block that is resized is copied.
        const REMAP = 32;
        /// Memory that goes back before its time: all that is free stays until it was idle for long enough.
        const SURPLUS = 64;
    }
}

bitflags! {
    /// Measures against misuse beyond those that are always on. Each but `GUARD_SLABS` closes the fast paths of every
    /// thread, and includes the first. The order is that of [`Harden::WORDS`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Harden: u8 {
        /// Frees claim their block by an atomic exchange: of two threads that free one block at the same moment one
        /// is told at once.
        const DOUBLE_FREE = 1;
        /// Freed blocks are cleared; what is written to them after shows when they are handed out again.
        const ZERO = 2;
        /// Freed blocks are filled with a byte, and new ones with another.
        const JUNK = 4;
        /// Freed blocks wait before they can be handed out again.
        const QUARANTINE = 8;
        /// Which free block is handed out next cannot be foretold.
        const RANDOM = 16;
        /// Behind spans, extents and large blocks lies memory that nobody can reach.
        const GUARD_SLABS = 32;
        /// Frees that say how long their block is are held to it.
        const SIZES = 64;
    }
}

bitflags! {
    /// Where guarded blocks lie between their shut pages. With both it is drawn for each; with none it is drawn where
    /// some blocks are guarded, and the end where every block is. The order is that of [`Sides::WORDS`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Sides: u8 {
        /// Their end is at one: reads and writes behind them crash.
        const END = 1;
        /// Their start is: those before them do.
        const START = 2;
    }
}

impl Sides {
    /// What users call them; the first is nothing.
    pub const WORDS: &'static [&'static str] = &["auto", "end", "start"];
}

const _: () = assert!(Sides::all().bits() == (1 << (Sides::WORDS.len() - 1)) - 1, "every bit has a word");

impl Harden {
    /// What users call them; the first is nothing.
    #[doc(hidden)]
    pub const WORDS: &'static [&'static str] =
        &["none", "double_free", "zero", "junk", "quarantine", "random", "guard_slabs", "sizes"];
    /// Those that do something to each block: they want every call.
    #[doc(hidden)]
    pub const WATCHES: Self = Self::all().difference(Self::GUARD_SLABS);
    /// Those that fill freed blocks.
    #[doc(hidden)]
    pub const FILLS: Self = Self::ZERO.union(Self::JUNK);
    /// Those under which a freed block is known to be one: the live map says so.
    #[doc(hidden)]
    pub const HOLDS: Self = Self::FILLS.union(Self::QUARANTINE);
}

const _: () = assert!(Harden::all().bits() == (1 << (Harden::WORDS.len() - 1)) - 1, "every bit has a word");

impl Off {
    /// What users call them; the first is nothing.
    #[doc(hidden)]
    pub const WORDS: &'static [&'static str] =
        &["none", "cold_threads", "starters", "growth", "reserve", "packing", "remap", "surplus"];
}

const _: () = assert!(Off::all().bits() == (1 << (Off::WORDS.len() - 1)) - 1, "every bit has a word");
