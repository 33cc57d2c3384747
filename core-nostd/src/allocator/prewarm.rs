//! Warming up beforehand: who knows what a program will need can have it there before the first request.

#![allow(unsafe_code, reason = "links blocks by their first words")]

use core::ptr;

use super::Allocator;
use crate::heap::Front;
use crate::pages::PageProvider;
use crate::slab::SizeClass;
use crate::slab::size_class::MAGAZINE_CLASSES;

impl<P: PageProvider> Allocator<P> {
    /// Has so many bytes more of free memory be there, for blocks up to 1 MiB: their first use costs no page
    /// faults then. Returns the bytes that are there now, which are fewer where memory is out.
    ///
    /// They stay until a superslab of them is first used; from then on they are idle memory like any other.
    #[cold]
    pub fn prewarm(&self, front: &Front, bytes: usize) -> usize {
        let Some(_inside) = self.gate.enter(front) else { return 0 };
        self.territory.prewarm(bytes)
    }

    /// The calling thread takes `blocks` blocks of every class up to 1 KiB and gives them back, also a starter's to its
    /// magazine, as who says the class may: then its
    /// magazines are full, its slabs are open and their pages are there. Returns the bytes of all blocks.
    #[cold]
    pub fn prewarm_classes(&self, front: &Front, blocks: usize) -> usize {
        // Until it is read first, all that comes back looks idle since ever.
        self.territory.read_clock();
        let mut taken = 0;
        let mut newest = [ptr::null_mut::<*mut u8>(); MAGAZINE_CLASSES];
        // All before the first is given back: a starter that is opened meanwhile empties the magazines.
        'all: for class in SizeClass::all_small() {
            let newest = &mut newest[class.magazine_index()];
            for _ in 0..blocks {
                // SAFETY: a small class has a magazine, and is no room.
                let block = unsafe { self.take_sized(front, class) }.cast::<*mut u8>();
                if block.is_null() {
                    break 'all;
                }
                // SAFETY: the block is ours, and the least one is as long as a pointer, and aligned for it.
                unsafe { block.write((*newest).cast()) };
                *newest = block;
                taken += class.shape().bytes as usize;
            }
        }
        for class in SizeClass::all_small() {
            let newest = &mut newest[class.magazine_index()];
            while !newest.is_null() {
                let block = newest.cast();
                // SAFETY: as above, written there.
                *newest = unsafe { newest.read() }.cast();
                // SAFETY: taken above for this class, so no fault.
                let _ = unsafe { self.give_sized(front, class, block) };
            }
        }
        taken
    }
}

const _: () = assert!(size_of::<*mut u8>() <= 8, "the least block holds a pointer");
