//! The lists of all heaps and thread heaps, which only grow.

use hakmem_core::Front;
use hakmem_core::base::sync::Ordering;
use hakmem_core::heap::heaps::Visitor;

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::Land;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "registry_heaps",
        holds: "two heaps are entered while a third thread walks: a walk never misses what an earlier one met",
        bound: Some(2),
        gated: true,
        body: heaps,
    },
    Model {
        name: "registry_threads",
        holds: "the same of thread heaps; each thread has one of its own, and is counted",
        bound: Some(2),
        gated: true,
        body: threads,
    },
];

fn grows<T>(walk: impl Fn() -> Vec<*const T>, first: *const T) {
    let before = walk();
    let after = walk();
    assert!(before.contains(&first), "what was there before is met");
    assert!(after.ends_with(&before), "what was met is met again");
}

fn heaps(arena: &'static Arena) {
    let land = Land::new(arena);
    let first: *const _ = land.heap();
    let walk = move || land.heaps.heaps().map(std::ptr::from_ref).collect::<Vec<_>>();
    together([
        Box::new(move || {
            land.heap();
        }),
        Box::new(move || {
            land.heap();
        }),
        Box::new(move || grows(walk, first)),
    ]);
    let all = walk();
    assert!(all.len() == 3 && all[2] == first && all[0] != all[1], "each heap once: {all:?}");
}

fn threads(arena: &'static Arena) {
    let land = Land::new(arena);
    let come = move || {
        let front = arena.put(Front::new());
        match land.heaps.visitor(land.territory, front) {
            Visitor::Thread(thread) => std::ptr::from_ref(thread),
            Visitor::Passing => panic!("there is memory"),
        }
    };
    let first = come();
    let walk = move || land.heaps.threads().map(std::ptr::from_ref).collect::<Vec<_>>();
    let fronts = [arena.put(Front::new()), arena.put(Front::new())];
    together([
        Box::new(move || drop(land.heaps.visitor(land.territory, fronts[0]))),
        Box::new(move || drop(land.heaps.visitor(land.territory, fronts[1]))),
        Box::new(move || grows(walk, first)),
    ]);
    let all = walk();
    assert!(all.len() == 3 && all[2] == first && all[0] != all[1], "each thread once: {all:?}");
    assert_ne!(fronts[0].thread.get(), fronts[1].thread.get());
    assert_eq!(land.heaps.threads.load(Ordering::Relaxed), 3);
}
