//! What came of a list of actions, in four numbers: two replays that agree in them placed every block alike.

use core::fmt;

/// See the file's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many there were.
    pub actions: u32,
    /// Blocks that were handed out, or moved.
    pub placed: u32,
    /// Requests that were not met.
    pub refused: u32,
    /// Of all places, in their order.
    pub placement: u32,
}

impl Summary {
    /// A block was handed out so many bytes behind the start of the heap's memory, or none was.
    pub fn note(&mut self, offset: Option<usize>) {
        let word = match offset {
            Some(offset) => offset as u32,
            None => u32::MAX,
        };
        if offset.is_some() {
            self.placed += 1
        } else {
            self.refused += 1
        }
        self.placement = (self.placement.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B1);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actions, placed, refused, placement } = self;
        write!(out, "{actions} actions, {placed} blocks placed, {refused} refused, placement {placement:08x}")
    }
}
