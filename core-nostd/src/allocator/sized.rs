//! Blocks of magazine classes for clients that know the class at both ends, as Rust's layouts do: the live
//! map is neither written nor read. Who takes here gives here.

#![allow(unsafe_code, reason = "frees are taken on trust, blocks are filled")]

use super::Allocator;
use crate::base::sync::Ordering;
use crate::config::flags::{Harden, Watch};
use crate::harden::Fault;
use crate::harden::fill::FRESH;
use crate::heap::Front;
use crate::heap::heaps::Visitor;
use crate::heap::thread_heap::Calls;
use crate::pages::PageProvider;
use crate::slab::SizeClass;

impl<P: PageProvider> Allocator<P> {
    /// A block of a magazine class whose magazine, in the front, is empty; null if memory is out.
    #[cold]
    pub fn take_sized(&self, front: &Front, class: SizeClass) -> *mut u8 {
        let visitor = self.heaps.visitor(&self.territory, front);
        match &visitor {
            Visitor::Passing => self.look_at_sized(class, self.take_one_passing(class)),
            Visitor::Thread(thread) => {
                let mut block = self.pop_or_refill(front, thread, class);
                if block.is_null() {
                    self.relieve(&visitor, front);
                    block = self.pop_or_refill(front, thread, class);
                }
                self.look_at_sized(class, block);
                if !block.is_null() && thread.watch().contains(Watch::COUNT) {
                    Calls::count(&thread.calls.taken, 1);
                    Calls::count(&thread.calls.bytes, u64::from(class.shape().bytes));
                }
                block
            }
        }
    }

    /// Takes a block back for which the front's magazine has no room. The fault, if there is one, is a
    /// block that was free already, or not of this allocator.
    ///
    /// # Safety
    ///
    /// [`Allocator::take_sized`], or the front's magazine, gave it for this class.
    #[cold]
    pub unsafe fn give_sized(&self, front: &Front, class: SizeClass, pointer: *mut u8) -> Result<(), Fault> {
        let holds = self.territory.measures.has(Harden::HOLDS);
        match self.heaps.visitor(&self.territory, front) {
            Visitor::Passing if holds => self.set_sized_aside(front, None, class, pointer),
            Visitor::Passing => self.heaps.put_one(&self.territory, None, pointer),
            Visitor::Thread(thread) => {
                if thread.watch().contains(Watch::COUNT) {
                    Calls::count(&thread.calls.given, 1);
                }
                if holds && thread.watch().contains(Watch::DOUBLE_FREE) {
                    return self.set_sized_aside(front, Some(thread), class, pointer);
                }
                self.push_or_flush(front, thread, class, pointer)
            }
        }
    }

    /// A block is handed out that is not entered in the live map.
    fn look_at_sized(&self, class: SizeClass, block: *mut u8) -> *mut u8 {
        if self.territory.measures.has(Harden::HOLDS) && !block.is_null() {
            if let Some(live) = self.territory.zones.live_place(block)
                && live.swap(0, Ordering::Relaxed) == SizeClass::FREED.0
            {
                self.look_at_taken(class, block);
            }
            if self.territory.measures.has(Harden::JUNK) {
                // SAFETY: the block is ours to hand out, and of this class.
                unsafe { block.write_bytes(FRESH, class.shape().bytes as usize) };
            }
        }
        block
    }
}
