//! Warming up beforehand: who knows what a program will need can have it there before the first request.

#![allow(unsafe_code, reason = "links blocks by their first words")]

use core::ptr;

use super::Allocator;
use crate::config::geometry::SMALL_MAX;
use crate::heap::Front;
use crate::pages::PageProvider;
use crate::slab::SizeClass;

impl<P: PageProvider> Allocator<P> {
    /// Has so many bytes more of free memory be there, for blocks up to 1 MiB: their first use costs no page
    /// faults then. Returns the bytes that are there now, which are fewer where memory is out.
    ///
    /// They stay until a superslab of them is first used; from then on they are idle memory like any other.
    #[cold]
    pub fn prewarm(&self, bytes: usize) -> usize {
        self.territory.prewarm(bytes)
    }

    /// The calling thread takes `blocks` blocks of every class up to 1 KiB and gives them back: then its
    /// magazines are full, its slabs are open and their pages are there. Returns the bytes of all blocks.
    #[cold]
    pub fn prewarm_classes(&self, front: &Front, blocks: usize) -> usize {
        // Until it is read first, all that comes back looks idle since ever.
        self.territory.read_clock();
        let (mut newest, mut taken) = (ptr::null_mut::<*mut u8>(), 0);
        // All before the first is given back: a starter that is opened meanwhile empties the magazines.
        'all: for class in (1..=SizeClass::of_small(SMALL_MAX).0).map(SizeClass) {
            let bytes = class.shape().bytes as usize;
            for _ in 0..blocks {
                let block = self.take_slow(front, bytes).cast::<*mut u8>();
                if block.is_null() {
                    break 'all;
                }
                // SAFETY: the block is ours, and the least one is as long as a pointer, and aligned for it.
                unsafe { block.write(newest.cast()) };
                newest = block;
                taken += bytes;
            }
        }
        while !newest.is_null() {
            let block = newest.cast();
            // SAFETY: as above, written there.
            newest = unsafe { newest.read() }.cast();
            if !self.give(front, block) {
                // It is ours: no fault.
                let _ = self.give_slow(front, block);
            }
        }
        taken
    }
}

const _: () = assert!(size_of::<*mut u8>() <= 8, "the least block holds a pointer");
