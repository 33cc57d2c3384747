//! Threads end, begin and free each other's blocks at the same time: whole allocators.

use hakmem_core::{Harden, Off};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Caller, World, left};

/// Four to a slab; a magazine has two slots.
const QUARTER: usize = 8 << 10;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "exit_amid_frees",
        holds: "a thread ends while another gives its blocks back: all are found, the heap is ownerless",
        bound: Some(2),
        gated: true,
        body: amid_frees,
    },
    Model {
        name: "exit_adopted",
        holds: "a new thread adopts an ownerless heap while its blocks come back, another finds none left",
        bound: Some(2),
        gated: true,
        body: adopted,
    },
    Model {
        name: "exit_cold",
        holds: "a cold thread takes from an ownerless heap while blocks come back to it",
        bound: Some(2),
        gated: true,
        body: cold,
    },
    Model {
        name: "exit_thread_heaps",
        holds: "a thread's record passes from one that ends to one that begins; threads and heaps are counted",
        bound: Some(2),
        gated: true,
        body: thread_heaps,
    },
];

/// A thread that took four blocks, and another that has two of them in its magazine.
fn two_threads(arena: &'static Arena, off: Off) -> (World, Caller, Caller, [*mut u8; 4]) {
    let world = World::new(arena);
    let (owner, freer) = (world.caller(arena), world.caller(arena));
    owner.configure(Off::STARTERS | off, Harden::empty());
    let blocks = [(); 4].map(|()| owner.take(QUARTER));
    freer.give(blocks[0]);
    freer.give(blocks[1]);
    (world, owner, freer, blocks)
}

fn amid_frees(arena: &'static Arena) {
    let (world, owner, freer, [_, _, third, fourth]) = two_threads(arena, Off::empty());
    together([
        Box::new(move || freer.end()),
        Box::new(move || {
            owner.give(third);
            owner.end();
        }),
    ]);
    let last = world.caller(arena);
    assert_eq!(world.allocator.stats().threads, 0);
    last.give(fourth);
    world.is_empty(last);
}

fn adopted(arena: &'static Arena) {
    let (world, owner, freer, [_, _, third, fourth]) = two_threads(arena, Off::COLD_THREADS);
    let other = world.caller(arena);
    let fifth = other.take(QUARTER);
    other.end();
    owner.end();
    let heaps = world.allocator.stats().heaps;
    let (new, newer, took) = (world.caller(arena), world.caller(arena), left::<usize>());
    together([Box::new(move || freer.end()), Box::new(move || took.set(new.take(QUARTER).expose_provenance()))]);
    assert_eq!(world.allocator.stats().heaps, heaps, "one was adopted");
    newer.take(QUARTER);
    assert_eq!(world.allocator.stats().heaps, heaps + 1, "the last ownerless heap stays");
    let sixth = newer.take(QUARTER);
    let seventh = std::ptr::with_exposed_provenance_mut(took.get());
    for block in [third, fourth, fifth, seventh, sixth] {
        newer.give(block);
    }
    let audit = world.audit();
    assert_eq!(audit.live_blocks, 1, "{audit:?}");
}

fn cold(arena: &'static Arena) {
    let (world, owner, freer, [_, _, third, fourth]) = two_threads(arena, Off::empty());
    let (stays, new, took) = (world.caller(arena), world.caller(arena), left::<usize>());
    let fifth = stays.take(64);
    owner.end();
    together([Box::new(move || freer.end()), Box::new(move || took.set(new.take(QUARTER).expose_provenance()))]);
    for block in [third, fourth, fifth, std::ptr::with_exposed_provenance_mut(took.get())] {
        new.give(block);
    }
    stays.end();
    world.is_empty(new);
}

fn thread_heaps(arena: &'static Arena) {
    let world = World::new(arena);
    let (ends, begins, stays) = (world.caller(arena), world.caller(arena), world.caller(arena));
    ends.configure(Off::STARTERS, Harden::empty());
    let block = ends.take(QUARTER);
    let kept = stays.take(QUARTER);
    together([Box::new(move || ends.end()), Box::new(move || begins.give(block)), Box::new(move || stays.give(kept))]);
    assert_eq!(world.allocator.stats().threads, 2);
    begins.end();
    world.is_empty(stays);
}
