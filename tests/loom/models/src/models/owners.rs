//! Slabs that change hands: no block is lost, and none comes to a heap that has not got its slab.

use hakmem_core::Off;
use hakmem_core::seam::{AtomicPtr, Ordering, Reach, SizeClass};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Heap, Land};

const QUARTER: usize = 8 << 10;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "owners_slab_given_up",
        holds: "a slab goes to the pool and another heap while a freer is still on its way to queue it",
        bound: Some(2),
        gated: true,
        body: slab_given_up,
    },
    Model {
        name: "owners_late_push",
        holds: "who frees a block of the new owner may rely on the flag of a freer that found none",
        bound: Some(2),
        gated: true,
        body: late_push,
    },
    Model {
        name: "owners_passed_on",
        holds: "a slab that was queued with its former owner is passed on: who freed a block meanwhile relied on it",
        bound: Some(3),
        gated: true,
        body: passed_on,
    },
    Model {
        name: "owners_reopened",
        holds: "a span that ended leaves nothing to the next one of its slab (one thread)",
        bound: None,
        gated: true,
        body: reopened,
    },
];

fn reopened(arena: &'static Arena) {
    let land = Land::new(arena);
    land.territory.off.store((Off::STARTERS | Off::RESERVE).bits(), Ordering::Relaxed);
    let heap = land.heap();
    for (bytes, capacity) in [(QUARTER, 4), (64, 512), (QUARTER, 4), (64, 512)] {
        let slab = |blocks: &[crate::land::Block]| std::ptr::from_ref(blocks[0].slab);
        let (first, _) = heap.take_one(land.territory, SizeClass::of(bytes)).expect("the pool has slabs");
        let mut blocks = land.take(heap, bytes, capacity - 1, Reach::Spans);
        blocks.push(land.block(first));
        let mut places: Vec<_> = blocks.iter().map(|block| block.at).collect();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), capacity, "each block once");
        assert!(blocks.iter().all(|block| std::ptr::from_ref(block.slab) == slab(&blocks)), "all of one slab");
        let (used, carved) = (blocks[0].slab.used.get(), blocks[0].slab.carved.load(Ordering::Relaxed));
        assert_eq!((usize::from(used), usize::from(carved)), (capacity, capacity), "each was new");
        let ended = blocks[0].slab;
        blocks.drain(..).for_each(|block| assert_eq!(land.put(heap, block), 0, "it was not free"));
        heap.tidy(land.territory);
        assert!(heap.spans() == 0 && !ended.is_in_use() && ended.class() == SizeClass::NONE);
    }
}

/// A slab with many words, one of which is queued: who frees a block of another finds the flag just cleared, and the
/// former owner still there.
fn passed_on(arena: &'static Arena) {
    let land = Land::new(arena);
    land.territory.off.store((Off::STARTERS | Off::RESERVE).bits(), Ordering::Relaxed);
    let (first, second) = (land.heap(), land.heap());
    let blocks = land.take(first, 64, 512, Reach::Provider);
    let (near, far) = (blocks[0], blocks[100]);
    for block in blocks.into_iter().filter(|block| block.at != near.at && block.at != far.at) {
        land.put(first, block);
    }
    first.retire();
    assert_eq!(land.post(near), 0);
    let sent = arena.put(AtomicPtr::<u8>::new(std::ptr::null_mut()));
    let receive = move || {
        let block = sent.load(Ordering::Acquire);
        if !block.is_null() && sent.swap(std::ptr::null_mut(), Ordering::AcqRel) == block {
            assert_eq!(land.post(land.block(block)), 0, "it was not free");
        }
    };
    together([
        Box::new(move || assert_eq!(land.post(far), 0)),
        Box::new(receive),
        Box::new(move || {
            first.tidy(land.territory);
            let [block] = land.take(second, 64, 1, Reach::Pool)[..] else { panic!("the pool has slabs") };
            sent.store(block.at, Ordering::Release);
        }),
    ]);
    gone(land, [first, second], sent.load(Ordering::Relaxed));
    assert_eq!(first.harvested.load(Ordering::Relaxed), 2, "a heap takes in what is its own");
}

/// What was left is given back, and no span stays.
fn gone(land: Land, heaps: [&Heap; 2], left: *mut u8) {
    if !left.is_null() {
        assert_eq!(land.put(heaps[1], land.block(left)), 0);
    }
    for heap in heaps {
        heap.tidy(land.territory);
        heap.tidy(land.territory);
        assert_eq!(heap.spans(), 0, "a span stays: a block of it was lost");
    }
    assert!(land.territory.pool.lock().is_indexed());
}

/// The last two blocks of a slab come back from two threads; then it serves another heap, whose block is freed too.
fn changes_hands(arena: &'static Arena, freers_then: bool) {
    let land = Land::new(arena);
    land.territory.off.store((Off::STARTERS | Off::RESERVE).bits(), Ordering::Relaxed);
    let (first, second) = (land.heap(), land.heap());
    let blocks = land.take(first, QUARTER, 4, Reach::Provider);
    let [one, two, third, fourth] = blocks[..] else { unreachable!() };
    land.put(first, third);
    land.put(first, fourth);
    first.retire();
    let sent = arena.put(AtomicPtr::<u8>::new(std::ptr::null_mut()));
    let receive = move || {
        let block = sent.load(Ordering::Acquire);
        if freers_then && !block.is_null() && sent.swap(std::ptr::null_mut(), Ordering::AcqRel) == block {
            assert_eq!(land.post(land.block(block)), 0, "it was not free");
        }
    };
    together([
        Box::new(move || {
            assert_eq!(land.post(one), 0);
            receive();
        }),
        Box::new(move || {
            assert_eq!(land.post(two), 0);
        }),
        Box::new(move || {
            first.tidy(land.territory);
            let [block] = land.take(second, QUARTER, 1, Reach::Pool)[..] else { panic!("the pool has slabs") };
            sent.store(block.at, Ordering::Release);
            second.harvest(land.territory);
        }),
    ]);
    gone(land, [first, second], sent.load(Ordering::Relaxed));
}

fn slab_given_up(arena: &'static Arena) {
    changes_hands(arena, false);
}

fn late_push(arena: &'static Arena) {
    changes_hands(arena, true);
}
