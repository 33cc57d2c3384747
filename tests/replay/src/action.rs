//! The vocabulary: what a client can do, and its encoding for fuzzers and traces.
//!
//! ```text
//! byte 0   low nibble: which action        bits 4–5: width of the size (0 and 3: one byte, 1: two, 2: three)
//! then     slot or thread, if the action has one
//! then     size, little endian, in that many bytes
//! then     log2 of the alignment, if the action has one
//! ```
//! Any bytes decode to some actions; a piece that is cut short at the end is dropped.

/// One thing that a client does. Taking into a full slot gives the old block back first; giving an empty
/// one is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// malloc.
    Take {
        /// Where the block is kept.
        slot: u8,
        /// Below 16 MiB, here and in the others.
        bytes: u32,
    },
    /// calloc.
    TakeZeroed {
        /// Where the block is kept.
        slot: u8,
        /// How many.
        bytes: u32,
    },
    /// `aligned_alloc`.
    TakeAligned {
        /// Where the block is kept.
        slot: u8,
        /// How many.
        bytes: u32,
        /// log2 of the alignment, at most [`ALIGN_SHIFT_MOST`].
        align_shift: u8,
    },
    /// free, by the thread that is at work.
    Give {
        /// Whose block.
        slot: u8,
    },
    /// realloc.
    Resize {
        /// Whose block.
        slot: u8,
        /// How many.
        bytes: u32,
    },
    /// free, by the next thread.
    GiveRemote {
        /// Whose block.
        slot: u8,
    },
    /// A thread ends; one that has ended already starts anew.
    EndThread {
        /// Which.
        thread: u8,
    },
    /// Another thread is at work from now on.
    SwitchThread {
        /// Which.
        thread: u8,
    },
    /// Everything that is kept goes back.
    Trim,
    /// Every invariant is walked.
    Audit,
}

/// Largest alignment in the vocabulary: 2 MiB.
pub const ALIGN_SHIFT_MOST: u8 = 21;
/// One more than the largest size in the vocabulary.
pub const BYTES_END: u32 = 1 << 24;

const WIDTHS: [usize; 4] = [1, 2, 3, 1];

/// The actions that any bytes stand for, one by one.
#[derive(Clone, Debug)]
pub struct Actions<'a>(&'a [u8]);

impl<'a> Actions<'a> {
    /// All that the bytes stand for.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn size(&mut self, width: usize) -> Option<u32> {
        let mut bytes = 0;
        for place in 0..width {
            bytes |= u32::from(self.byte()?) << (8 * place);
        }
        Some(bytes)
    }
}

impl Iterator for Actions<'_> {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        let head = self.byte()?;
        let width = WIDTHS[usize::from(head >> 4 & 3)];
        Some(match head & 15 {
            0..=2 => Action::Take { slot: self.byte()?, bytes: self.size(width)? },
            3 => Action::TakeZeroed { slot: self.byte()?, bytes: self.size(width)? },
            4 => Action::TakeAligned {
                slot: self.byte()?,
                bytes: self.size(width)?,
                align_shift: self.byte()? % (ALIGN_SHIFT_MOST + 1),
            },
            5..=7 => Action::Give { slot: self.byte()? },
            8 | 9 => Action::Resize { slot: self.byte()?, bytes: self.size(width)? },
            10 | 11 => Action::GiveRemote { slot: self.byte()? },
            12 => Action::SwitchThread { thread: self.byte()? },
            13 => Action::EndThread { thread: self.byte()? },
            14 => Action::Trim,
            _ => Action::Audit,
        })
    }
}

impl Action {
    /// Bytes that decode to this action.
    pub fn encoded(self) -> Encoded {
        match self {
            Self::Take { slot, bytes } => Encoded::sized(0, slot, bytes),
            Self::TakeZeroed { slot, bytes } => Encoded::sized(3, slot, bytes),
            Self::TakeAligned { slot, bytes, align_shift } => Encoded::sized(4, slot, bytes).and(align_shift),
            Self::Give { slot } => Encoded::NOTHING.and(5).and(slot),
            Self::Resize { slot, bytes } => Encoded::sized(8, slot, bytes),
            Self::GiveRemote { slot } => Encoded::NOTHING.and(10).and(slot),
            Self::SwitchThread { thread } => Encoded::NOTHING.and(12).and(thread),
            Self::EndThread { thread } => Encoded::NOTHING.and(13).and(thread),
            Self::Trim => Encoded::NOTHING.and(14),
            Self::Audit => Encoded::NOTHING.and(15),
        }
    }
}

/// An action's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    bytes: [u8; 6],
    length: usize,
}

impl Encoded {
    const NOTHING: Self = Self { bytes: [0; 6], length: 0 };

    fn and(mut self, byte: u8) -> Self {
        self.bytes[self.length] = byte;
        self.length += 1;
        self
    }

    fn sized(action: u8, slot: u8, size: u32) -> Self {
        assert!(size < BYTES_END, "the vocabulary ends below 16 MiB");
        let width = match size {
            0..=0xFF => 0,
            0x100..=0xFFFF => 1,
            _ => 2,
        };
        let head = Self::NOTHING.and(action | width << 4).and(slot);
        size.to_le_bytes().into_iter().take(WIDTHS[usize::from(width)]).fold(head, Self::and)
    }
}

impl core::ops::Deref for Encoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
