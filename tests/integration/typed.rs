//! The `Allocator` trait: a collection's buffer grows and shrinks through it.

#![allow(unsafe_code, reason = "calls Allocator by hand")]

use std::alloc::Layout;
use std::ptr::NonNull;

use allocator_api2::alloc::Allocator;
use hakmem_alloc::Hakmem;

fn layout(bytes: usize, align: usize) -> Layout {
    Layout::from_size_align(bytes, align).expect("a valid layout")
}

fn byte_of(at: usize) -> u8 {
    (at * 7 + 3) as u8
}

#[test]
fn contents_survive_every_change() {
    let sizes = [0, 1, 8, 9, 16, 40, 100, 1024, 1025, 9000, 20_000, 300_000, 2 << 20];
    for (old_align, new_align) in [(1, 1), (8, 8), (64, 64), (64, 8), (8, 64), (4096, 16)] {
        for from in sizes {
            for to in sizes {
                let (old, new) = (layout(from, old_align), layout(to, new_align));
                let block: NonNull<u8> = Hakmem.allocate(old).expect("memory").cast();
                // SAFETY: the block has `old`'s room, then `new`'s; it is given back once, with `new`.
                unsafe {
                    (0..from).for_each(|at| block.add(at).write(byte_of(at)));
                    let changed = match to >= from {
                        true if from % 2 == 0 => Hakmem.grow(block, old, new),
                        true => Hakmem.grow_zeroed(block, old, new),
                        false => Hakmem.shrink(block, old, new),
                    };
                    let changed = changed.expect("memory");
                    assert_eq!(changed.len(), to);
                    let changed: NonNull<u8> = changed.cast();
                    assert_eq!(changed.addr().get() % new_align, 0, "{old:?} to {new:?}");
                    assert!((0..from.min(to)).all(|at| changed.add(at).read() == byte_of(at)), "{old:?} to {new:?}");
                    if to >= from && from % 2 != 0 {
                        assert!((from..to).all(|at| changed.add(at).read() == 0), "{old:?} to {new:?} is not zeroed");
                    }
                    Hakmem.deallocate(changed, new);
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let huge = layout(isize::MAX as usize - 4095, 1);
    assert!(Hakmem.allocate(huge).is_err() && Hakmem.allocate_zeroed(huge).is_err());
}
