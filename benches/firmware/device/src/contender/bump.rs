//! Hands out one block behind the other and takes none back: the least that a lock and an addition cost.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::null_mut;

use super::Contender;
use super::locked::Locked;

struct Rest {
    next: *mut u8,
    bytes: usize,
}

pub struct Chosen(Locked<Rest>);

// SAFETY: each block lies behind the one before it.
unsafe impl GlobalAlloc for Chosen {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.hold(|rest| {
            let pad = rest.next.addr().wrapping_neg() & (layout.align() - 1);
            if pad + layout.size() > rest.bytes {
                return null_mut();
            }
            let block = rest.next.wrapping_add(pad);
            rest.next = block.wrapping_add(layout.size());
            rest.bytes -= pad + layout.size();
            block
        })
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

impl Contender for Chosen {
    const EMPTY: Self = Self(Locked::new(Rest { next: null_mut(), bytes: 0 }));

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        self.0.hold(|rest| *rest = Rest { next: start, bytes });
    }
}
