//! Growth without a lock: threads that grow at once claim the same part, which one of them gets, and find one zone.

use hakmem_core::seam::{Ordering, Slab};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Land, left};

const SUPERSLAB_BYTES: usize = 2 << 20;
/// Slabs of a superslab.
const WHOLE: usize = 64;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "growth_first_zone",
        holds: "two threads reserve the first zone: one stays, the other goes back, both have a run",
        bound: Some(2),
        gated: true,
        body: first_zone,
    },
    Model {
        name: "growth_same_part",
        holds: "two threads grow a zone: the same part is made available once, each run has one owner",
        bound: Some(2),
        gated: true,
        body: same_part,
    },
    Model {
        name: "growth_refused",
        holds: "two threads grow, one of which is refused the whole step: both have a run, nothing is taken from the other",
        bound: Some(2),
        gated: true,
        body: refused,
    },
    Model {
        name: "growth_around_a_stranger",
        holds: "somebody else lies where two threads grow: it is skipped, each run has one owner and lies elsewhere",
        bound: Some(2),
        gated: true,
        body: stranger,
    },
    Model {
        name: "growth_last_part",
        holds: "two threads grow a zone by its last superslab: one gets it, the other one of a further zone",
        bound: Some(2),
        gated: true,
        body: last_part,
    },
    Model {
        name: "growth_tiny_blocks",
        holds: "the first block of 8 bytes comes while a zone grows: what is available has their live map",
        bound: Some(2),
        gated: true,
        body: tiny_blocks,
    },
    Model {
        name: "growth_wild_pointer",
        holds: "a pointer that is not ours is foreign also while a zone is published",
        bound: None,
        gated: true,
        body: wild_pointer,
    },
];

type Got = &'static std::cell::Cell<Option<&'static Slab>>;

/// Two threads claim a whole superslab each.
fn claim_at_once(land: Land) -> [Got; 2] {
    let got = [left(), left()];
    together([Box::new(move || got[0].set(claim(land))), Box::new(move || got[1].set(claim(land)))]);
    assert!(land.territory.pool.lock().is_indexed());
    got
}

fn claim(land: Land) -> Option<&'static Slab> {
    land.span(WHOLE)
}

fn committed(land: Land) -> usize {
    land.territory.pool.lock().extent().committed
}

fn first_zone(arena: &'static Arena) {
    let land = Land::new(arena);
    arena.zone_bytes.set(2 * SUPERSLAB_BYTES);
    let got = claim_at_once(land).map(|got| got.get().expect("two superslabs"));
    assert!(!std::ptr::eq(got[0], got[1]), "each run has one owner");
    assert_eq!((land.territory.zones.count(), land.territory.pool.lock().extent().zones), (1, 1));
    let parts = 2 * (SUPERSLAB_BYTES + (128 << 10) + (128 << 10));
    assert!(arena.reserved.get() < 2 * parts, "the other zone went back");
}

/// A zone of eight superslabs, of which the first four are taken.
fn half_taken(arena: &'static Arena) -> Land {
    let land = Land::new(arena);
    arena.zone_bytes.set(8 * SUPERSLAB_BYTES);
    for _ in 0..4 {
        claim(land).expect("four superslabs");
    }
    assert_eq!(committed(land), 4);
    land
}

fn same_part(arena: &'static Arena) {
    let land = half_taken(arena);
    let got = claim_at_once(land).map(|got| got.get().expect("two superslabs more"));
    assert!(!std::ptr::eq(got[0], got[1]), "each run has one owner");
    assert_eq!((committed(land), land.territory.zones.first().superslabs()), (6, 6), "one part was committed");
    assert_eq!(land.territory.zones.count(), 1);
}

fn last_part(arena: &'static Arena) {
    let land = Land::new(arena);
    arena.zone_bytes.set(5 * SUPERSLAB_BYTES);
    for _ in 0..4 {
        claim(land).expect("four superslabs");
    }
    let got = claim_at_once(land).map(|got| got.get().expect("a superslab each"));
    assert!(!std::ptr::eq(got[0], got[1]), "each run has one owner");
    assert_eq!((land.territory.zones.count(), land.territory.zones.first().superslabs()), (2, 5), "all of it serves");
}

fn refused(arena: &'static Arena) {
    let land = half_taken(arena);
    arena.refused.set(1);
    let got = claim_at_once(land).map(|got| got.get().expect("two superslabs more"));
    assert!(!std::ptr::eq(got[0], got[1]), "each run has one owner");
    assert_eq!(committed(land), land.territory.zones.first().superslabs(), "pool and zone agree");
}

fn stranger(arena: &'static Arena) {
    let land = half_taken(arena);
    let place = land.territory.zones.first().base().addr() + 4 * SUPERSLAB_BYTES;
    arena.claimed.borrow_mut().push(place..place + 4096);
    let got = claim_at_once(land).map(|got| got.get().expect("two superslabs more"));
    let at = got.map(|run| run.base.load(Ordering::Relaxed).addr());
    assert!(at[0] != at[1] && !at.contains(&place), "each run has one owner, and is not the stranger's");
    assert_eq!(committed(land), land.territory.zones.first().superslabs(), "pool and zone agree");
    assert_eq!(land.territory.zones.count(), 1);
}

fn tiny_blocks(arena: &'static Arena) {
    let land = half_taken(arena);
    together([
        Box::new(move || assert!(claim(land).is_some(), "a superslab more")),
        Box::new(move || assert!(land.territory.serves_tiny(), "there are addresses")),
    ]);
    assert!(land.territory.is_tiny_whole(), "each superslab has its part of the map");
    assert!(claim(land).is_some() && land.territory.is_tiny_whole(), "the next one as well");
}

fn wild_pointer(arena: &'static Arena) {
    let land = Land::new(arena);
    together([
        Box::new(move || assert!(land.territory.provide(1))),
        Box::new(move || {
            let wild = std::ptr::without_provenance(0x10_0000);
            assert!(land.territory.zones.find(wild).is_none(), "a pointer that is not ours");
        }),
    ]);
}
