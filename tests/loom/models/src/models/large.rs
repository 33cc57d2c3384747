//! The table of large blocks and its cache.

use hakmem_core::seam::{Large, LargeFree, Millis, Ordering};

use crate::arena::{Arena, Pages};
use crate::check::{Model, together};
use crate::land::{Land, left};

const BYTES: usize = 2 << 20;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "large_freed_twice",
        holds: "of two threads that free one mapping one is told, and it is unmapped once",
        bound: None,
        gated: true,
        body: freed_twice,
    },
    Model {
        name: "large_table_grows",
        holds: "two threads enter the mapping for which the table must grow: both are found, one room goes back",
        bound: Some(3),
        gated: true,
        body: table_grows,
    },
    Model {
        name: "large_kept",
        holds: "a mapping is kept, taken again and trimmed by three threads: the bytes add up",
        bound: Some(2),
        gated: true,
        body: kept,
    },
    Model {
        name: "large_resized",
        holds: "a mapping moves while another thread frees one beside it and enters one",
        bound: Some(3),
        gated: true,
        body: resized,
    },
];

type Shared = (Land, &'static Large<Pages>);

#[allow(unsafe_code, reason = "begins below the front door")]
fn new(arena: &'static Arena) -> Shared {
    // SAFETY: the models use it as the allocator does.
    (Land::new(arena), arena.put(unsafe { Large::new(32 << 20) }))
}

fn take((land, large): Shared, bytes: usize) -> *mut u8 {
    let block = large.allocate(land.territory, bytes, 4096).expect("addresses").0.as_ptr();
    hakmem_seam::use_block(block);
    block
}

fn give((land, large): Shared, block: *mut u8) -> LargeFree {
    hakmem_seam::use_block(block);
    large.free(land.territory, block)
}

fn adds_up((_, large): Shared) -> (usize, usize, usize) {
    let (blocks, bytes, cached, waiting) = large.count();
    assert_eq!(waiting, 0, "nothing waits without a quarantine");
    let count = (blocks, bytes, cached);
    let found = (large.live_bytes.load(Ordering::Relaxed), large.cached_bytes.load(Ordering::Relaxed));
    assert_eq!(found, (count.1, count.2), "bytes in use and kept are those of the table and the cache");
    count
}

fn freed_twice(arena: &'static Arena) {
    let all = new(arena);
    let block = take(all, BYTES);
    let told = [left::<Option<LargeFree>>(), left()];
    let reserved = arena.reserved.get();
    together([
        Box::new(move || told[0].set(Some(all.1.free(all.0.territory, block)))),
        Box::new(move || told[1].set(Some(all.1.free(all.0.territory, block)))),
    ]);
    let told = told.map(|told| told.get().expect("set"));
    let (freed, twice) = (LargeFree::Freed, LargeFree::Twice);
    assert!(told == [freed, twice] || told == [twice, freed], "{told:?}");
    assert_eq!(arena.reserved.get(), reserved - BYTES);
    assert_eq!(adds_up(all), (0, 0, 0));
}

fn table_grows(arena: &'static Arena) {
    let all = new(arena);
    let mut blocks: Vec<_> = (0..31).map(|_| take(all, BYTES)).collect();
    let got = [left::<usize>(), left()];
    together([
        Box::new(move || got[0].set(take(all, BYTES).expose_provenance())),
        Box::new(move || got[1].set(take(all, BYTES).expose_provenance())),
    ]);
    blocks.extend(got.map(|got| std::ptr::with_exposed_provenance_mut(got.get())));
    assert_eq!(adds_up(all), (33, 33 * BYTES, 0));
    for block in blocks {
        assert_eq!(give(all, block), LargeFree::Freed);
    }
    adds_up(all);
}

fn kept(arena: &'static Arena) {
    let all = new(arena);
    // Twice asked for: wanted.
    let first = take(all, BYTES);
    give(all, first);
    let (first, second) = (take(all, BYTES), take(all, 3 * BYTES));
    let got = left::<usize>();
    together([
        Box::new(move || assert_eq!(give(all, first), LargeFree::Freed)),
        Box::new(move || got.set(take(all, BYTES).expose_provenance())),
        Box::new(move || {
            all.1.trim(all.0.territory, Millis::ZERO);
        }),
    ]);
    adds_up(all);
    assert_eq!(give(all, std::ptr::with_exposed_provenance_mut(got.get())), LargeFree::Freed);
    assert_eq!(give(all, second), LargeFree::Freed);
    all.1.trim(all.0.territory, Millis::ZERO);
    assert_eq!(adds_up(all), (0, 0, 0));
}

fn resized(arena: &'static Arena) {
    let all = new(arena);
    let (one, other) = (take(all, BYTES), take(all, BYTES));
    let got = [left::<usize>(), left()];
    together([
        Box::new(move || {
            let moved = all.1.resize(all.0.territory, one, 2 * BYTES).expect("it moves");
            got[0].set(moved.as_ptr().expose_provenance());
        }),
        Box::new(move || {
            assert_eq!(give(all, other), LargeFree::Freed);
            got[1].set(take(all, BYTES).expose_provenance());
        }),
    ]);
    assert_eq!(adds_up(all).0, 2);
    for got in got {
        assert_eq!(give(all, std::ptr::with_exposed_provenance_mut(got.get())), LargeFree::Freed);
    }
    adds_up(all);
}
