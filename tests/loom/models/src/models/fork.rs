//! fork: what a child would find, were the process forked at any moment.
//!
//! The thread that forks shuts the gate and copies the memory; when the parent is done, that copy becomes the
//! present, of which the child has one thread and the locks as they were.

use hakmem_core::{Harden, Off};

use crate::arena::{Arena, Snapshot};
use crate::check::{Model, together};
use crate::land::{Caller, World, after_fork, left};

const QUARTER: usize = 8 << 10;
const RUN: usize = 128 << 10;
const LARGE: usize = 2 << 20;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "fork_amid_exit",
        holds: "a thread ends during a fork: the child finds no lock held, and no block twice",
        bound: Some(2),
        gated: true,
        body: amid_exit,
    },
    Model {
        name: "fork_amid_purge",
        holds: "a purge is under way during a fork: the child has all free slabs",
        bound: Some(2),
        gated: true,
        body: amid_purge,
    },
    Model {
        name: "fork_amid_large",
        holds: "a mapping is entered and freed during a fork: the child's table is whole",
        bound: Some(2),
        gated: true,
        body: amid_large,
    },
    Model {
        name: "fork_amid_first",
        holds: "a thread's first call is under way during a fork: the child's registry, store and pool are whole",
        bound: Some(2),
        gated: true,
        body: amid_first,
    },
    Model {
        name: "fork_amid_frees",
        holds: "blocks come and go during a fork, and their thread ends: nothing is lost, in the parent or in the child",
        bound: Some(2),
        gated: true,
        body: amid_frees,
    },
];

fn fork(caller: Caller, arena: &'static Arena) -> Snapshot {
    caller.world.allocator.before_fork(caller.front);
    // The copy is no access that a schedule knows: without one it would never come amid what others do.
    caller.world.allocator.held_locks();
    let child = arena.snapshot();
    after_fork(caller, false);
    child
}

/// The child begins: `own` is the thread that forked.
fn begin(arena: &'static Arena, child: &Snapshot, own: Caller) {
    arena.restore(child);
    after_fork(own, true);
    assert_eq!(own.world.allocator.held_locks(), 0);
}

/// The child goes on: `own` is the thread that forked, `held` what is live in it.
fn goes_on(world: World, arena: &'static Arena, child: &Snapshot, own: Caller, held: &[*mut u8]) {
    begin(arena, child, own);
    assert_eq!(world.allocator.stats().threads, u64::from(!own.front.is_new()));
    let mut blocks: Vec<_> = (0..6).map(|_| own.take(QUARTER)).collect();
    blocks.push(own.take(RUN));
    blocks.push(own.take(LARGE));
    let new = world.caller(arena);
    blocks.push(new.take(64));
    blocks.extend_from_slice(held);
    let mut sorted = blocks.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), blocks.len(), "a block was handed out twice");
    blocks.into_iter().for_each(|block| own.give(block));
    world.allocator.trim(own.front);
    new.end();
    own.end();
    assert_eq!(world.allocator.stats().threads, 0);
}

fn amid_exit(arena: &'static Arena) {
    let world = World::new(arena);
    let (own, other) = (world.caller(arena), world.caller(arena));
    own.configure(Off::STARTERS, Harden::empty());
    let blocks = [(); 4].map(|()| own.take(QUARTER));
    other.give(blocks[0]);
    let child = left::<Option<Snapshot>>();
    together([Box::new(move || other.end()), Box::new(move || child.set(Some(fork(own, arena))))]);
    let child = child.take().expect("forked");
    for block in &blocks[1..] {
        own.give(*block);
    }
    world.is_empty(own);
    goes_on(world, arena, &child, own, &blocks[1..]);
}

fn amid_purge(arena: &'static Arena) {
    let world = World::new(arena);
    let (own, other) = (world.caller(arena), world.caller(arena));
    own.configure(Off::STARTERS | Off::RESERVE, Harden::empty());
    let (block, run) = (own.take(QUARTER), own.take(RUN));
    own.give(run);
    // An earlier purge is over: its slabs are in use again.
    world.allocator.trim(own.front);
    let (kept, run) = (own.take(RUN), own.take(RUN));
    own.give(run);
    let warm = other.take(QUARTER);
    let child = left::<Option<Snapshot>>();
    together([
        Box::new(move || {
            world.allocator.trim(other.front);
        }),
        Box::new(move || child.set(Some(fork(own, arena)))),
    ]);
    let child = child.take().expect("forked");
    other.give(warm);
    other.end();
    own.give(block);
    own.give(kept);
    world.is_empty(own);
    begin(arena, &child, own);
    // All free slabs are known to be: the purge was nobody's any more.
    assert_eq!(world.audit().live_blocks, 3);
    own.give(block);
    own.give(kept);
    own.give(warm);
    world.allocator.trim(own.front);
}

fn amid_large(arena: &'static Arena) {
    let world = World::new(arena);
    let (own, other) = (world.caller(arena), world.caller(arena));
    let (kept, freed) = (own.take(LARGE), own.take(LARGE));
    let child = left::<Option<Snapshot>>();
    let got = left::<usize>();
    together([
        Box::new(move || {
            other.give(freed);
            got.set(other.take(LARGE).expose_provenance());
        }),
        Box::new(move || child.set(Some(fork(own, arena)))),
    ]);
    let child = child.take().expect("forked");
    own.give(std::ptr::with_exposed_provenance_mut(got.get()));
    own.give(kept);
    other.end();
    world.is_empty(own);
    goes_on(world, arena, &child, own, &[kept]);
}

fn amid_first(arena: &'static Arena) {
    let world = World::new(arena);
    let (own, other) = (world.caller(arena), world.caller(arena));
    let block = own.take(QUARTER);
    let child = left::<Option<Snapshot>>();
    let got = left::<usize>();
    together([
        Box::new(move || got.set(other.take(QUARTER).expose_provenance())),
        Box::new(move || child.set(Some(fork(own, arena)))),
    ]);
    let child = child.take().expect("forked");
    own.give(std::ptr::with_exposed_provenance_mut(got.get()));
    own.give(block);
    other.end();
    world.is_empty(own);
    goes_on(world, arena, &child, own, &[block]);
}

fn amid_frees(arena: &'static Arena) {
    let world = World::new(arena);
    let (own, other) = (world.caller(arena), world.caller(arena));
    let (kept, run) = (own.take(QUARTER), own.take(RUN));
    let child = left::<Option<Snapshot>>();
    together([
        Box::new(move || {
            other.give(run);
            other.give(other.take(RUN));
            other.end();
        }),
        Box::new(move || child.set(Some(fork(own, arena)))),
    ]);
    let child = child.take().expect("forked");
    own.give(kept);
    world.is_empty(own);
    goes_on(world, arena, &child, own, &[kept]);
}
