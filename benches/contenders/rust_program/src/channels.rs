//! Threads: boxes, lists and maps made by some and dropped by others.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread;

use crate::draw::Draw;

const MAKERS: usize = 3;
/// Of batches that wait for whoever counts.
const ROOM: usize = 64;

struct Batch {
    names: Vec<String>,
    by_number: HashMap<usize, Box<[u8]>>,
}

/// `batches` from each maker; what all that arrived add up to.
pub(crate) fn pass(batches: usize) -> usize {
    let (sender, receiver) = sync_channel(ROOM);
    let makers: Vec<_> = (0..MAKERS)
        .map(|maker| {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut draw = Draw::new(100 + maker as u32);
                (0..batches).for_each(|_| sender.send(batch(&mut draw)).expect("somebody counts"));
            })
        })
        .collect();
    drop(sender);
    let total = count(receiver);
    makers.into_iter().for_each(|maker| maker.join().expect("a maker ends"));
    total
}

fn batch(draw: &mut Draw) -> Batch {
    let names = (0..10 + draw.below(40)).map(|number| format!("name {number} of {}", draw.below(1 << 20))).collect();
    let by_number = (0..20).map(|number| (number, vec![1; 1 + draw.below(600)].into_boxed_slice())).collect();
    Batch { names, by_number }
}

/// Counts in a thread of its own, which answers name by name.
fn count(batches: Receiver<Batch>) -> usize {
    let (sender, answers) = channel();
    let counter = thread::spawn(move || {
        for Batch { names, by_number } in batches {
            let bytes: usize = by_number.values().map(|bytes| bytes.len()).sum();
            for name in names {
                sender.send((name.to_uppercase(), bytes)).expect("somebody adds up");
            }
        }
    });
    let total = answers.iter().map(|(name, bytes)| name.len() + bytes).sum();
    counter.join().expect("the counter ends");
    total
}
