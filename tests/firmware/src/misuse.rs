//! Programs that are wrong: each has its own last words, and stops.

#![allow(unsafe_code, reason = "gives back what it must not")]

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::hint::black_box;

use hakmem_core::Fault;

use crate::{board, say};

/// A heap's hook: one line, and the device stops.
pub fn tell(fault: &Fault) -> ! {
    say!("hakmem: {fault}");
    board::exit(false)
}

/// Commits the misuse of that name; returns if there is none.
pub fn commit(name: &str) {
    let layout = Layout::new::<[u64; 4]>();
    // SAFETY: not empty.
    let (one, two) = unsafe { (alloc(layout), alloc(layout)) };
    let mut foreign = [0u64; 4];
    match name {
        "double-free" => {
            say!("gives {one:p} back twice");
            // SAFETY: the first time, it is right.
            unsafe {
                dealloc(one, layout);
                dealloc(black_box(one), layout);
            }
            panic!("{one:p} was given back twice, and nobody minds");
        }
        "foreign-free" => {
            let pointer: *mut u8 = black_box(&mut foreign).as_mut_ptr().cast();
            say!("gives {pointer:p} back, of its stack");
            // SAFETY: none.
            unsafe { dealloc(pointer, layout) };
            panic!("{pointer:p} was given back, and nobody minds");
        }
        // SAFETY: taken above.
        _ => unsafe {
            dealloc(two, layout);
            dealloc(one, layout);
        },
    }
}
