//! Extents: areas that threads share, while blocks come and go and what is free of them goes back.

use hakmem_core::{Harden, Off};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Caller, World, left};

/// Four are in the first area.
const EXTENT: usize = 120 << 10;
const QUARTER: usize = 8 << 10;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "extents_holes",
        holds: "a hole is given back while others take and free in its area: no frame is a block's meanwhile",
        bound: Some(2),
        gated: true,
        body: holes,
    },
    Model {
        name: "extents_last",
        holds: "two threads free the last two blocks of an area while a third takes one: it goes once, or stays",
        bound: Some(1),
        gated: true,
        body: last,
    },
    Model {
        name: "extents_grow",
        holds: "a block grows over its neighbour only where that is free, whoever takes it meanwhile",
        bound: Some(2),
        gated: true,
        body: grow,
    },
    Model {
        name: "extents_spare",
        holds: "the area that stays goes to who needs slabs, or serves who needs frames",
        bound: Some(2),
        gated: true,
        body: spare,
    },
];

fn callers<const N: usize>(arena: &'static Arena) -> (World, [Caller; N]) {
    let world = World::new(arena);
    let callers = [(); N].map(|()| world.caller(arena));
    callers[0].configure(Off::STARTERS | Off::RESERVE, Harden::empty());
    callers.iter().for_each(|caller| caller.give(caller.take(QUARTER)));
    (world, callers)
}

/// Four blocks of an area, of which the second is free.
fn with_a_hole(arena: &'static Arena) -> (World, [Caller; 2], [*mut u8; 4]) {
    let (world, callers) = callers(arena);
    let blocks = [(); 4].map(|()| callers[0].take(EXTENT));
    callers[0].give(blocks[1]);
    (world, callers, blocks)
}

fn block(got: &std::cell::Cell<usize>) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(got.get())
}

fn is_done(world: World, callers: &[Caller]) {
    callers[1..].iter().for_each(|caller| caller.end());
    world.is_empty(callers[0]);
}

fn holes(arena: &'static Arena) {
    let (world, callers, blocks) = with_a_hole(arena);
    let [one, two] = callers;
    let got = [left::<usize>(), left()];
    together([
        Box::new(move || {
            world.allocator.trim(one.front);
        }),
        Box::new(move || {
            got[0].set(two.take(EXTENT).expose_provenance());
            two.give(blocks[3]);
            got[1].set(two.take(EXTENT / 2).expose_provenance());
        }),
    ]);
    assert_eq!(world.audit().live_blocks, 4);
    [blocks[0], blocks[2], block(got[0]), block(got[1])].into_iter().for_each(|block| one.give(block));
    is_done(world, &callers);
}

fn last(arena: &'static Arena) {
    let (world, callers) = callers::<3>(arena);
    let [one, two, three] = callers;
    let blocks = [(); 2].map(|()| one.take(EXTENT));
    let got = left::<usize>();
    together([
        Box::new(move || one.give(blocks[0])),
        Box::new(move || two.give(blocks[1])),
        Box::new(move || got.set(three.take(EXTENT).expose_provenance())),
    ]);
    assert_eq!(world.audit().live_blocks, 1);
    one.give(block(got));
    is_done(world, &callers);
}

#[allow(unsafe_code, reason = "resizes what it has")]
fn grow(arena: &'static Arena) {
    let (world, callers, blocks) = with_a_hole(arena);
    let [one, two] = callers;
    let got = [left::<usize>(), left()];
    together([
        Box::new(move || {
            // SAFETY: the block is this thread's.
            let grown = unsafe { world.allocator.resize(one.front, blocks[0], EXTENT / 2 * 3) };
            got[0].set(grown.expect("live").expose_provenance());
        }),
        Box::new(move || got[1].set(two.take(EXTENT).expose_provenance())),
    ]);
    let (grown, taken) = (block(got[0]), block(got[1]));
    assert!((grown == blocks[0]) != (taken == blocks[1]), "one of two has it");
    assert_eq!(world.audit().live_blocks, 4);
    [grown, taken, blocks[2], blocks[3]].into_iter().for_each(|block| one.give(block));
    is_done(world, &callers);
}

fn spare(arena: &'static Arena) {
    let (world, callers) = callers::<2>(arena);
    let [one, two] = callers;
    // Two areas become empty, of which one stays.
    let blocks = [(); 5].map(|()| one.take(EXTENT));
    blocks.into_iter().for_each(|block| one.give(block));
    arena.now_ms.set(5000);
    let got = left::<usize>();
    together([
        Box::new(move || {
            world.allocator.round(one.front);
        }),
        Box::new(move || got.set(two.take(EXTENT).expose_provenance())),
    ]);
    assert_eq!(world.audit().live_blocks, 1);
    one.give(block(got));
    is_done(world, &callers);
}
