//! The pool's masks, index and hints, while slabs are claimed, given back and purged.

use hakmem_core::seam::{Millis, Slab};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Land, left};

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "pool_purge",
        holds: "what is purged is nobody's: a run is claimed and used at the same time, and the masks agree",
        bound: None,
        gated: true,
        body: purge,
    },
    Model {
        name: "pool_surplus",
        holds: "two threads give a surplus back, a third claims: each slab is purged by one, none is lost",
        bound: Some(2),
        gated: true,
        body: surplus,
    },
    Model {
        name: "pool_prewarm",
        holds: "slabs that are being warmed are nobody's, and free after",
        bound: None,
        gated: true,
        body: prewarm,
    },
    Model {
        name: "pool_reclaimed",
        holds: "slabs that are given back are another's at once: what ended the span touches them no more",
        bound: None,
        gated: true,
        body: reclaimed,
    },
];

fn reclaimed(arena: &'static Arena) {
    let land = Land::new(arena);
    let (old, got) = (run(land, 1), left::<Option<&'static Slab>>());
    together([Box::new(move || land.territory.release_span(old)), Box::new(move || got.set(Some(run(land, 1))))]);
    let got = got.get().expect("claimed");
    assert!(got.class().is_packed());
    land.territory.release_span(got);
    all_are_free(land);
}

fn run(land: Land, slabs: usize) -> &'static Slab {
    land.span(slabs).expect("free slabs")
}

fn all_are_free(land: Land) {
    let mut pool = land.territory.pool.lock();
    assert!(pool.is_indexed());
    pool.for_each(|place, header| assert!(header.free.is_all(), "{place:?}"));
}

fn purge(arena: &'static Arena) {
    let land = Land::new(arena);
    land.territory.release_span(run(land, 2));
    arena.now_ms.set(5000);
    let got = left::<Option<&'static Slab>>();
    together([
        Box::new(move || {
            land.territory.purge(Millis::new(1000));
        }),
        Box::new(move || got.set(Some(run(land, 1)))),
    ]);
    land.territory.release_span(got.get().expect("claimed"));
    all_are_free(land);
    land.territory.purge(Millis::ZERO);
    assert!(land.territory.pool.lock().kept() == 0, "what was purged is clean");
}

fn surplus(arena: &'static Arena) {
    let land = Land::new(arena);
    land.territory.release_span(run(land, 64));
    assert!(land.territory.has_surplus());
    let got = left::<Option<&'static Slab>>();
    together([
        Box::new(move || land.territory.purge_surplus()),
        Box::new(move || land.territory.purge_surplus()),
        Box::new(move || got.set(Some(run(land, 1)))),
    ]);
    land.territory.release_span(got.get().expect("claimed"));
    all_are_free(land);
}

fn prewarm(arena: &'static Arena) {
    let land = Land::new(arena);
    assert!(land.territory.provide(1));
    let got = left::<Option<&'static Slab>>();
    together([
        Box::new(move || assert_eq!(land.territory.prewarm(4 << 15), 4 << 15)),
        Box::new(move || got.set(Some(run(land, 1)))),
    ]);
    land.territory.release_span(got.get().expect("claimed"));
    all_are_free(land);
    assert!(land.territory.reusable() > 0, "what is warm is known to be");
}
