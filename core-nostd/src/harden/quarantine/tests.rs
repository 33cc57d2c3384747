use core::cell::Cell;
use std::boxed::Box;
use std::collections::VecDeque;

use super::{MOST_BLOCKS, Quarantine};

fn block(number: usize) -> *mut u8 {
    core::ptr::without_provenance_mut(number * 16)
}

#[test]
fn first_in_first_out_within_its_bounds() {
    const MOST: usize = 100_000;
    let empty = Quarantine {
        blocks: [const { Cell::new(core::ptr::null_mut()) }; MOST_BLOCKS],
        oldest: Cell::new(0),
        count: Cell::new(0),
        bytes: Cell::new(0),
    };
    let queue = Box::new(empty);
    let mut model = VecDeque::new();
    for number in 1..20_000 {
        let bytes = if number % 5000 < 4500 { 16 } else { number % 3000 };
        while !queue.has_room(bytes, MOST) {
            let (expected, size) = model.pop_front().expect("as many as the queue has");
            assert_eq!(queue.pop(|_| size), Some(expected));
        }
        queue.push(block(number), bytes);
        model.push_back((block(number), bytes));
        let sum: usize = model.iter().map(|one| one.1).sum();
        assert_eq!(queue.bytes(), sum);
        assert!(sum <= MOST && model.len() <= MOST_BLOCKS);
    }
    assert!(queue.blocks().eq(model.iter().map(|one| one.0)));
    while let Some((expected, size)) = model.pop_front() {
        assert_eq!(queue.pop(|_| size), Some(expected));
    }
    assert_eq!((queue.pop(|_| 0), queue.bytes()), (None, 0));
    assert!(!queue.has_room(MOST + 1, MOST), "a block that is too large never comes in");
}
