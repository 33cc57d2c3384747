//! Blocks of magazine classes for clients that know the class at both ends, as Rust's layouts do: no live
//! map is written or read. Who takes here gives here.

#![allow(unsafe_code, reason = "frees are taken on trust, blocks are filled")]

use core::ptr;

use super::Allocator;
use super::backlog::Late;
use super::take::SIXTEEN;
use crate::config::flags::{Harden, Watch};
use crate::harden::fill::FRESH;
use crate::harden::{Fault, FaultKind};
use crate::heap::Front;
use crate::heap::heaps::Visitor;
use crate::heap::thread_heap::Calls;
use crate::pages::PageProvider;
use crate::slab::{Live, SizeClass};

impl<P: PageProvider> Allocator<P> {
    /// A block of a magazine class whose magazine, in the front, is empty; null if memory is out.
    ///
    /// # Safety
    ///
    /// The class has a magazine, and is no room.
    #[doc(hidden)]
    #[cold]
    pub unsafe fn take_sized(&self, front: &Front, class: SizeClass) -> *mut u8 {
        let Some(_inside) = self.gate.enter(front) else {
            return self.take_refuge(class.shape().bytes as usize, 1).map_or(ptr::null_mut(), |(block, _)| block);
        };
        let visitor = self.heaps.visitor(&self.territory, front);
        let class = self.served(class);
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
    /// [`Allocator::take_sized`], or the front's magazine, gave it for this class, and nobody uses it any more.
    #[doc(hidden)]
    #[cold]
    pub unsafe fn give_sized(&self, front: &Front, class: SizeClass, pointer: *mut u8) -> Result<(), Fault> {
        let Some(_inside) = self.gate.enter(front) else {
            return self.do_later(front, Late::Sized(class, pointer));
        };
        let (holds, class) = (self.territory.measures.has(Harden::HOLDS), self.served(class));
        if self.territory.measures.has(Harden::SIZES) && self.class_of(pointer).is_some_and(|own| own != class) {
            let block_bytes = class.shape().bytes as usize;
            return Err(Fault { kind: FaultKind::WrongSize, address: pointer.addr(), block_bytes });
        }
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

    /// The class that serves a layout of another.
    fn served(&self, class: SizeClass) -> SizeClass {
        if class == SizeClass::TINY && !self.territory.serves_tiny() { SIXTEEN } else { class }
    }

    /// A block is handed out that is not entered in its live map.
    fn look_at_sized(&self, class: SizeClass, block: *mut u8) -> *mut u8 {
        if self.territory.measures.has(Harden::HOLDS) && !block.is_null() {
            if let Some(live) = self.territory.zones.live_place(class, block)
                && Live::NOTHING.swap(live) == Live::FREED
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
