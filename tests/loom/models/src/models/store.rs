//! The store: room for the allocator's own structures.

use hakmem_core::PageProvider;
use hakmem_core::seam::Store;

use crate::arena::{Arena, Pages};
use crate::check::{Model, together};
use crate::land::left;

const CHUNK_BYTES: usize = 256 << 10;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "store_first_chunk",
        holds: "two threads bring the first chunk: one stays, the other goes back, both have a room of it",
        bound: None,
        gated: true,
        body: first_chunk,
    },
    Model {
        name: "store_rooms",
        holds: "rooms that were given back come to one thread each",
        bound: None,
        gated: true,
        body: rooms,
    },
];

fn take(pages: Pages, store: &Store<Pages>, bytes: usize) -> usize {
    store.take(&pages, bytes).expect("addresses").as_ptr().expose_provenance()
}

/// Two threads take a room each.
fn take_at_once(pages: Pages, store: &'static Store<Pages>, bytes: usize) -> [usize; 2] {
    let got = [left::<usize>(), left()];
    together([
        Box::new(move || got[0].set(take(pages, store, bytes))),
        Box::new(move || got[1].set(take(pages, store, bytes))),
    ]);
    got.map(|got| got.get())
}

#[allow(unsafe_code, reason = "begins below the front door")]
fn store(arena: &'static Arena) -> &'static Store<Pages> {
    // SAFETY: the models use it as the allocator does.
    arena.put(unsafe { Store::new() })
}

fn first_chunk(arena: &'static Arena) {
    let store = store(arena);
    let got = take_at_once(Pages(arena), store, CHUNK_BYTES / 4);
    assert!(got[0].abs_diff(got[1]) >= CHUNK_BYTES / 4, "two rooms");
    assert_eq!((store.mapped(), arena.reserved.get()), (CHUNK_BYTES, CHUNK_BYTES), "the other chunk went back");
}

#[allow(unsafe_code, reason = "gives rooms back")]
fn rooms(arena: &'static Arena) {
    let (pages, store) = (Pages(arena), store(arena));
    assert_eq!(pages.page_bytes(), 4096);
    let mut before = [(); 3].map(|()| take(pages, store, 64));
    for &room in &before {
        let room = std::ptr::NonNull::new(std::ptr::with_exposed_provenance_mut(room)).expect("a room");
        // SAFETY: taken with this size, and nobody uses it.
        unsafe { store.give(&pages, room, 64) };
    }
    let [one, other] = take_at_once(pages, store, 64);
    let mut after = [one, other, take(pages, store, 64)];
    before.sort();
    after.sort();
    assert_eq!(after, before, "each room once");
}
