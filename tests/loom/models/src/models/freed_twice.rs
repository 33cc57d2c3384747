//! Threads that free what others took, through the front door: two that free one block at the same instant, of which
//! one is told, and nobody else's memory changes.

use hakmem_core::{Harden, Off};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Caller, World, left};

/// Two are in one area.
const EXTENT: usize = 128 << 10;
const QUARTER: usize = 8 << 10;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "freed_twice_extent",
        holds: "of two threads that free one extent one is told, and what is made of its frames meanwhile stays",
        bound: Some(1),
        gated: true,
        body: extent,
    },
    Model {
        name: "freed_twice_within",
        holds: "who frees an extent second leaves the one alone that lies over it by then",
        bound: Some(1),
        gated: true,
        body: within,
    },
    Model {
        name: "freed_twice_waits",
        holds: "who frees an extent second leaves it where it waits",
        bound: Some(2),
        gated: true,
        body: waits,
    },
    Model {
        name: "freed_elsewhere_direct",
        holds: "a thread frees a block without magazine while its slab's owner carves others",
        bound: Some(3),
        gated: true,
        body: direct,
    },
    Model {
        name: "freed_twice_hardened",
        holds: "with harden=double_free one of two threads is told at once",
        bound: Some(3),
        gated: true,
        body: hardened,
    },
];

fn two(arena: &'static Arena, off: Off, harden: Harden) -> (World, [Caller; 2]) {
    let world = World::new(arena);
    let callers = [(); 2].map(|()| world.caller(arena));
    callers[0].configure(off, harden);
    (world, callers)
}

/// Two threads free one block, and the first of them takes another then: who was not told, and what it took.
fn race(callers: [Caller; 2], block: *mut u8, then: impl FnOnce() -> *mut u8 + 'static) -> ([bool; 2], *mut u8) {
    let (given, got) = ([left::<bool>(), left()], left::<usize>());
    together([
        Box::new(move || given[1].set(callers[1].try_give(block))),
        Box::new(move || {
            given[0].set(callers[0].try_give(block));
            got.set(then().expose_provenance());
        }),
    ]);
    (given.map(|given| given.get()), std::ptr::with_exposed_provenance_mut(got.get()))
}

fn extent(arena: &'static Arena) {
    let (world, callers) = two(arena, Off::STARTERS | Off::RESERVE, Harden::empty());
    let block = callers[0].take(EXTENT);
    let warm = callers.map(|caller| caller.take(QUARTER));
    let (given, got) = race(callers, block, move || callers[0].take(QUARTER / 2));
    // Who frees so late that the address is a block's again frees that one, and nobody can tell.
    let frees_next = given[0] && given[1];
    assert!(if frees_next { got == block } else { given[0] != given[1] }, "one of two is told");
    assert_eq!(world.audit().live_blocks, if frees_next { 2 } else { 3 });
    if !frees_next {
        callers[0].give(got);
    }
    is_done(world, callers, warm);
}

fn within(arena: &'static Arena) {
    let (world, callers) = two(arena, Off::STARTERS | Off::RESERVE, Harden::empty());
    let (before, block) = (callers[0].take(EXTENT), callers[0].take(EXTENT));
    assert_eq!(before.wrapping_add(EXTENT), block, "neighbours");
    let warm = callers.map(|caller| caller.take(QUARTER));
    let (given, got) = race(callers, block, move || {
        callers[0].give(before);
        callers[0].take(EXTENT / 2 * 3)
    });
    assert_ne!(given[0], given[1], "one of two is told");
    // Where the block was free by then.
    if given[0] {
        assert_eq!(got, before, "the new one lies over both");
    }
    assert_eq!(world.audit().live_blocks, 3);
    callers[0].give(got);
    is_done(world, callers, warm);
}

fn is_done(world: World, callers: [Caller; 2], warm: [*mut u8; 2]) {
    warm.iter().for_each(|&block| callers[0].give(block));
    callers[1].end();
    world.is_empty(callers[0]);
}

fn direct(arena: &'static Arena) {
    let (world, callers) = two(arena, Off::STARTERS, Harden::empty());
    let block = callers[0].take(8);
    let warm = callers[1].take(QUARTER);
    let got = left::<usize>();
    together([
        Box::new(move || callers[1].give(block)),
        Box::new(move || got.set(callers[0].take(8).expose_provenance())),
    ]);
    let got = std::ptr::with_exposed_provenance_mut(got.get());
    assert_ne!(got, block);
    callers[1].give(got);
    callers[1].give(warm);
    callers[0].end();
    world.is_empty(callers[1]);
}

fn waits(arena: &'static Arena) {
    at_once(arena, Harden::QUARANTINE, EXTENT);
}

fn hardened(arena: &'static Arena) {
    at_once(arena, Harden::DOUBLE_FREE, QUARTER);
}

fn at_once(arena: &'static Arena, harden: Harden, bytes: usize) {
    let (world, callers) = two(arena, Off::STARTERS, harden);
    let block = callers[0].take(bytes);
    let warm = callers[1].take(QUARTER);
    let given = [left::<bool>(), left()];
    together([
        Box::new(move || given[0].set(callers[0].try_give(block))),
        Box::new(move || given[1].set(callers[1].try_give(block))),
    ]);
    assert!(given[0].get() != given[1].get(), "one of two is told");
    callers[1].give(warm);
    callers[0].end();
    world.is_empty(callers[1]);
}
