//! The vocabulary: what a client can do, and its encoding for fuzzers and traces.
//!
//! ```text
//! byte 0   low nibble: which action        bits 4–5: width of the size (0 and 3: one byte, 1: two, 2: three)
//!          bits 6–7: if both are set, a wrong free, and the nibble's upper half says which
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
    /// free of what must not be freed: the fault is the one that it has to be, and nothing changes.
    Misuse {
        /// Whose block, or former block.
        slot: u8,
        /// In which way it is wrong.
        wrong: Wrong,
        /// Bytes from there, or which of several.
        offset: u32,
    },
}

/// What is wrong with a pointer that is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The slot's last block, which is free.
    Twice,
    /// In the slot's block, behind its start; where the size is part of a free, one that is not the block's.
    Inside,
    /// So many bytes behind the slot's block, or its last one.
    Astray,
    /// Memory that is none of the heap's.
    Foreign,
}

/// Largest alignment in the vocabulary: 2 MiB.
pub const ALIGN_SHIFT_MOST: u8 = 21;
/// One more than the largest size in the vocabulary.
pub const BYTES_END: u32 = 1 << 24;

const WIDTHS: [usize; 4] = [1, 2, 3, 1];
/// The bits of a wrong free.
const MISUSE: u8 = 0xC0;
const WRONGS: [Wrong; 4] = [Wrong::Twice, Wrong::Inside, Wrong::Astray, Wrong::Foreign];

/// The actions that any bytes stand for, one by one.
#[derive(Clone, Debug)]
pub struct Actions<'a>(&'a [u8]);

impl<'a> Actions<'a> {
    /// All that the bytes stand for.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What is not decoded yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
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
        if head & MISUSE == MISUSE {
            let wrong = WRONGS[usize::from(head >> 2 & 3)];
            return Some(Action::Misuse { slot: self.byte()?, wrong, offset: self.size(width)? });
        }
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
            Self::Misuse { slot, wrong, offset } => Encoded::sized(MISUSE | (wrong as u8) << 2, slot, offset),
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
