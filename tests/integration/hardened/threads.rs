//! Real threads under each measure, and a thread that was there before.

#![allow(unsafe_code, reason = "audits in quiescence; sends raw blocks; writes to blocks")]

use std::sync::mpsc::sync_channel;
use std::thread;

use hakmem_core::{Allocator, Front};
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give, new_front, take};

use crate::{harden, sets};

struct Sent(*mut u8);

// SAFETY: the block is the receiver's from then on.
unsafe impl Send for Sent {}

fn work(
    allocator: &Allocator<Narrow<Faulty<LinuxPages>>>,
    front: &Front,
    seed: u64,
    mut pass: impl FnMut(Sent) -> Option<Sent>,
) {
    let mut draw = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut kept: Vec<(*mut u8, usize)> = Vec::new();
    for _ in 0..4_000 {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        let number = (draw >> 20) as usize;
        match number % 8 {
            0..=2 => {
                let bytes = if number.is_multiple_of(97) { 1 + number % 1_300_000 } else { 1 + number % 3_000 };
                let block = take(allocator, front, bytes);
                // SAFETY: the block is ours.
                unsafe { block.write_bytes(seed as u8, bytes) };
                kept.push((block, bytes));
            }
            3 | 4 if !kept.is_empty() => {
                let (block, bytes) = kept.swap_remove(number % kept.len());
                // SAFETY: as above.
                assert!(unsafe { core::slice::from_raw_parts(block, bytes) }.iter().all(|&byte| byte == seed as u8));
                give(allocator, front, block);
            }
            5 => {
                if let Some(Sent(block)) = pass(Sent(take(allocator, front, 1 + number % 500))) {
                    give(allocator, front, block);
                }
            }
            6 if number.is_multiple_of(64) => {
                allocator.trim(front);
            }
            _ => {}
        }
    }
    kept.into_iter().for_each(|(block, _)| give(allocator, front, block));
}

#[test]
fn threads_pass_blocks_on() {
    for measures in sets() {
        let pages = Narrow::new(Faulty::new(LinuxPages::new()), 1 << 30, usize::MAX);
        let allocator = Allocator::new(pages);
        let first = new_front();
        // One that is not watched, with blocks of its own.
        let early = new_front();
        take(&allocator, &early, 100);
        harden(&allocator, &first, measures);
        let (to, from) = sync_channel::<Sent>(200);
        let from = std::sync::Mutex::new(from);
        thread::scope(|scope| {
            for number in 0..3 {
                let (to, from, allocator) = (to.clone(), &from, &allocator);
                scope.spawn(move || {
                    for life in 0..3 {
                        let front = new_front();
                        work(allocator, &front, number * 10 + life, |sent| {
                            let back = to.try_send(sent).err().map(|refused| match refused {
                                std::sync::mpsc::TrySendError::Full(sent)
                                | std::sync::mpsc::TrySendError::Disconnected(sent) => sent,
                            });
                            back.or_else(|| from.lock().expect("nobody panicked").try_recv().ok())
                        });
                        allocator.end_thread(&front).expect("no block was freed twice");
                    }
                });
            }
        });
        work(&allocator, &early, 77, Some);
        drop(to);
        let rest = from.into_inner().expect("nobody panicked");
        rest.iter().for_each(|Sent(block)| give(&allocator, &first, block));
        for front in [&first, &early] {
            allocator.end_thread(front).expect("no block was freed twice");
        }
        let last = new_front();
        allocator.trim(&last);
        allocator.end_thread(&last).expect("no block was freed twice");
        // SAFETY: every other thread was joined.
        let audit = unsafe { allocator.audit() }.expect("every invariant holds");
        assert_eq!(
            (audit.live_blocks, audit.waiting_blocks, audit.magazine_blocks),
            (1, 0, 0),
            "{measures:?}: {audit:?}"
        );
    }
}
