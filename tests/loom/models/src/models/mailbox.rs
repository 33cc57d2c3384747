//! The remote queue: what other threads free is found by the owner, each block once.

use hakmem_core::seam::Reach;

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Block, Heap, Land};

/// A block so long that a slab has four: all are taken, so that what comes was freed.
const QUARTER: usize = 8 << 10;
/// A block so small that a slab has eight words.
const SMALL: usize = 64;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "mailbox_one_slab",
        holds: "two threads free blocks of a slab while its owner takes in: each is found once, and reused in order",
        bound: Some(2),
        gated: true,
        body: one_slab,
    },
    Model {
        name: "mailbox_two_slabs",
        holds: "two threads queue two slabs while the owner drains: none is lost from the stack",
        bound: Some(3),
        gated: true,
        body: two_slabs,
    },
    Model {
        name: "mailbox_requeued",
        holds: "a slab is queued again while the owner drains it: later bits are found",
        bound: Some(3),
        gated: true,
        body: requeued,
    },
    Model {
        name: "mailbox_relinked",
        holds: "a slab with another behind it on the stack is queued again as it is drained: the other is found",
        bound: None,
        gated: true,
        body: relinked,
    },
    Model {
        name: "mailbox_many_words",
        holds: "the same of spans with many words: the summary never hides a word",
        bound: Some(2),
        gated: true,
        body: many_words,
    },
    Model {
        name: "mailbox_many_reused",
        holds: "a block of a span with many words comes to its next client after the last one's writes",
        bound: Some(2),
        gated: true,
        body: many_reused,
    },
    Model {
        name: "mailbox_freed_twice",
        holds: "of two threads that free one block one is told",
        bound: Some(3),
        gated: true,
        body: freed_twice,
    },
    Model {
        name: "mailbox_freed_by_both",
        holds: "owner and another thread free one block: it is free once, and counted once",
        bound: Some(3),
        gated: true,
        body: freed_by_both,
    },
];

fn quarters(arena: &'static Arena, most: usize) -> (Land, &'static Heap, Vec<Block>) {
    let land = Land::new(arena);
    let heap = land.heap();
    let mut blocks = Vec::new();
    while blocks.len() < most {
        blocks.extend(land.take(heap, QUARTER, 4, Reach::Provider));
    }
    assert_eq!(blocks.len(), most);
    (land, heap, blocks)
}

/// All blocks come back, those in `out` by the owner: then the spans go.
fn all_come_back(land: Land, heap: &Heap, out: Vec<Block>) {
    heap.harvest(land.territory);
    for block in out {
        assert_eq!(land.put(heap, block), 0, "{block:?} is free already");
    }
    heap.tidy(land.territory);
    assert_eq!(heap.spans(), 0, "a span stays: blocks of it were lost");
    assert!(land.territory.pool.lock().is_indexed());
}

fn one_slab(arena: &'static Arena) {
    let (land, heap, blocks) = quarters(arena, 4);
    let [first, second, third, fourth] = blocks[..] else { unreachable!() };
    let again = crate::land::left::<Vec<Block>>();
    together([
        Box::new(move || assert_eq!(land.post(first), 0)),
        Box::new(move || assert_eq!(land.post(second), 0)),
        Box::new(move || again.set(land.take(heap, QUARTER, 2, Reach::Spans))),
    ]);
    let mut out = again.take();
    out.extend([third, fourth]);
    all_come_back(land, heap, out);
}

fn two_slabs(arena: &'static Arena) {
    let (land, heap, blocks) = quarters(arena, 8);
    let (first, second) = (blocks[0], blocks[4]);
    assert!(!std::ptr::eq(first.slab, second.slab));
    together([
        Box::new(move || assert_eq!(land.post(first), 0)),
        Box::new(move || assert_eq!(land.post(second), 0)),
        Box::new(move || heap.harvest(land.territory)),
    ]);
    let out = blocks.iter().copied().filter(|block| block.at != first.at && block.at != second.at);
    all_come_back(land, heap, out.collect());
}

fn requeued(arena: &'static Arena) {
    let (land, heap, blocks) = quarters(arena, 8);
    let (first, second, other) = (blocks[0], blocks[1], blocks[4]);
    together([
        Box::new(move || {
            assert_eq!(land.post(first), 0);
            assert_eq!(land.post(other), 0);
            assert_eq!(land.post(second), 0);
        }),
        Box::new(move || {
            heap.harvest(land.territory);
            heap.harvest(land.territory);
        }),
    ]);
    let freed = [first.at, second.at, other.at];
    all_come_back(land, heap, blocks.iter().copied().filter(|block| !freed.contains(&block.at)).collect());
}

fn relinked(arena: &'static Arena) {
    let land = Land::new(arena);
    let heap = land.heap();
    let mut blocks = land.take(heap, SMALL, 512, Reach::Provider);
    blocks.extend(land.take(heap, SMALL, 1, Reach::Provider));
    let (first, far, other) = (blocks[0], blocks[100], blocks[512]);
    assert!(first.word == 0 && far.word == 1 && !std::ptr::eq(first.slab, other.slab));
    assert_eq!((land.post(other), land.post(first)), (0, 0));
    together([Box::new(move || assert_eq!(land.post(far), 0)), Box::new(move || heap.harvest(land.territory))]);
    let freed = [first.at, far.at, other.at];
    all_come_back(land, heap, blocks.iter().copied().filter(|block| !freed.contains(&block.at)).collect());
}

fn many_words(arena: &'static Arena) {
    let land = Land::new(arena);
    let heap = land.heap();
    let blocks = land.take(heap, SMALL, 512, Reach::Provider);
    let (first, near, far) = (blocks[0], blocks[1], blocks[100]);
    assert!((first.word, first.word) == (near.word, 0) && far.word == 1);
    together([
        Box::new(move || assert_eq!(land.post(first), 0)),
        Box::new(move || {
            assert_eq!(land.post(far), 0);
            assert_eq!(land.post(near), 0);
        }),
        Box::new(move || heap.harvest(land.territory)),
    ]);
    let freed = [first.at, near.at, far.at];
    all_come_back(land, heap, blocks.iter().copied().filter(|block| !freed.contains(&block.at)).collect());
}

fn many_reused(arena: &'static Arena) {
    let land = Land::new(arena);
    let heap = land.heap();
    let mut blocks = land.take(heap, SMALL, 512, Reach::Provider);
    let (first, near) = (blocks.remove(0), blocks.remove(0));
    let again = crate::land::left::<Vec<Block>>();
    // Who comes second in a word leaves the summary alone.
    together([
        Box::new(move || assert_eq!(land.post(first), 0)),
        Box::new(move || assert_eq!(land.post(near), 0)),
        Box::new(move || again.set(land.take(heap, SMALL, 2, Reach::Spans))),
    ]);
    blocks.extend(again.take());
    let missing = 512 - blocks.len();
    if missing > 0 {
        blocks.extend(land.take(heap, SMALL, missing, Reach::Spans));
    }
    assert_eq!(blocks.len(), 512, "those that were freed, once");
    all_come_back(land, heap, blocks);
}

fn freed_twice(arena: &'static Arena) {
    let (land, heap, blocks) = quarters(arena, 4);
    let block = blocks[0];
    let told = [crate::land::left::<u64>(), crate::land::left::<u64>()];
    let post = move || hakmem_core::seam::post(block.slab, block.word, block.bit);
    together([Box::new(move || told[0].set(post())), Box::new(move || told[1].set(post()))]);
    let told = told.map(|told| told.get());
    assert!(told == [0, block.bit] || told == [block.bit, 0], "one of two is told: {told:?}");
    // The owner is told, too, before it has taken in what another thread freed.
    assert_eq!(land.post(blocks[1]), 0);
    assert_eq!(land.put(heap, blocks[1]), blocks[1].bit);
    all_come_back(land, heap, blocks[2..].to_vec());
}

fn freed_by_both(arena: &'static Arena) {
    let (land, heap, blocks) = quarters(arena, 4);
    let block = blocks[0];
    together([
        Box::new(move || {
            hakmem_core::seam::post(block.slab, block.word, block.bit);
        }),
        Box::new(move || {
            heap.put(land.territory, block.slab, block.word, block.bit);
            heap.harvest(land.territory);
        }),
    ]);
    heap.harvest(land.territory);
    assert_eq!(block.slab.used.get(), 3, "counted once");
    // What is free in the owner's words is told, whoever says it again.
    assert_eq!(hakmem_core::seam::post(block.slab, block.word, block.bit), block.bit);
    assert_eq!(heap.put(land.territory, block.slab, block.word, block.bit), block.bit);
    all_come_back(land, heap, blocks[1..].to_vec());
}
