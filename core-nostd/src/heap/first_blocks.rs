//! How many first blocks each class has got from starters. What they gave counts even if it came back, so that a
//! program that goes on has slabs, which cost less to look through.

use crate::base::sync::Cell;
use crate::config::geometry::{FINE_MAX, GRANULE_SHIFT};
use crate::slab::SizeClass;

/// Bytes that a class gets from starters before it gets a slab.
const MOST_BYTES: usize = 12 << 10;
/// Bytes that it gets at a time at first; then a quarter of what it has got so far.
const FIRST_BYTES: usize = 256;
/// Blocks of a class that stay with the owner when they come back. Each takes the slow path when it does.
const MOST_STAY: u8 = 32;
/// The classes that starters serve are below this number: those of blocks up to 8 KiB, but for the ones of half a
/// granule.
const FIRST_CLASSES: usize = SizeClass::of(FINE_MAX).index() + 1;

/// See the file's head. All zero when new.
#[derive(Debug)]
pub(crate) struct FirstBlocks {
    /// Granules that each class has got.
    granules: [Cell<u16>; FIRST_CLASSES],
    /// Blocks of each class that came back and stayed with the owner.
    stayed: [Cell<u8>; FIRST_CLASSES],
    /// True if the owner's magazines were emptied since the last starter was opened.
    pub(super) emptied: Cell<bool>,
}

impl FirstBlocks {
    fn granules(&self, class: SizeClass) -> Option<&Cell<u16>> {
        self.granules.get(class.index()).filter(|_| class.has_magazine() && class != SizeClass::TINY)
    }

    /// Bytes that a class may still get.
    pub(super) fn left(&self, class: SizeClass) -> usize {
        let had = self.granules(class).map_or(MOST_BYTES, |granules| usize::from(granules.get()) << GRANULE_SHIFT);
        MOST_BYTES.saturating_sub(had)
    }

    /// True if a block that comes back may stay with the owner: the first few of a class do. At home they would soon be cut
    /// up for others, and a second free of one would be taken for that of its next owner.
    pub(crate) fn stays(&self, class: SizeClass) -> bool {
        let Some(stayed) = self.stayed.get(class.index()).filter(|stayed| stayed.get() < MOST_STAY) else {
            return false;
        };
        stayed.set(stayed.get() + 1);
        true
    }

    /// Bytes that it gets at a time where so many are left.
    pub(super) fn share(left: usize) -> usize {
        ((MOST_BYTES - left) / 4).max(FIRST_BYTES).min(left)
    }

    /// It got so many.
    pub(super) fn count(&self, class: SizeClass, bytes: usize) {
        if let Some(granules) = self.granules(class) {
            granules.set(granules.get() + (bytes >> GRANULE_SHIFT) as u16);
        }
    }
}
