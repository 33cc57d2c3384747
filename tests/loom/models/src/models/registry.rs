//! The lists of all heaps and thread heaps, which only grow.

use hakmem_core::seam::{Ordering, Visitor};

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::{Land, front};

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
    Model {
        name: "registry_ownerless",
        holds: "two heaps become ownerless at once: both are in the lists, which are known not to be empty",
        bound: None,
        gated: true,
        body: ownerless,
    },
    Model {
        name: "registry_records",
        holds: "records of two threads that end pass to the next ones, each to one",
        bound: Some(2),
        gated: true,
        body: records,
    },
];

fn ownerless(arena: &'static Arena) {
    let land = Land::new(arena);
    let heaps = [land.heap(), land.heap()];
    assert!(!land.heaps.has_common());
    together([Box::new(move || land.heaps.add_common(heaps[0])), Box::new(move || land.heaps.add_common(heaps[1]))]);
    assert!(land.heaps.has_common());
    let listed: Vec<_> = land.heaps.common.iter().map(|common| common.lock().heaps().count()).collect();
    assert_eq!(listed.iter().sum::<usize>(), 2, "{listed:?}");
}

fn records(arena: &'static Arena) {
    let land = Land::new(arena);
    let fronts = [(); 4].map(|()| front(arena));
    let come = move |at: usize| match land.heaps.visitor(land.territory, fronts[at]) {
        Visitor::Thread(thread) => thread,
        Visitor::Passing => panic!("there is memory"),
    };
    let ended = [come(0), come(1)];
    together([
        Box::new(move || land.heaps.take_over(None, ended[0])),
        Box::new(move || land.heaps.take_over(None, ended[1])),
        Box::new(move || {
            come(2);
        }),
    ]);
    let (third, fourth) = (come(2), come(3));
    assert!(!std::ptr::eq(third, fourth), "each has one of its own");
    let is_new = |thread| !ended.iter().any(|&one| std::ptr::eq(one, thread));
    let all = land.heaps.threads().count();
    assert_eq!(all, 2 + usize::from(is_new(third)), "the first one may have come too early");
    let last = front(arena);
    land.heaps.visitor(land.territory, last);
    assert_eq!(land.heaps.threads().count(), 3, "what was put by is used before a new one is made");
}

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
        let front = front(arena);
        match land.heaps.visitor(land.territory, front) {
            Visitor::Thread(thread) => std::ptr::from_ref(thread),
            Visitor::Passing => panic!("there is memory"),
        }
    };
    let first = come();
    let walk = move || land.heaps.threads().map(std::ptr::from_ref).collect::<Vec<_>>();
    let fronts = [front(arena), front(arena)];
    together([
        Box::new(move || drop(land.heaps.visitor(land.territory, fronts[0]))),
        Box::new(move || drop(land.heaps.visitor(land.territory, fronts[1]))),
        Box::new(move || grows(walk, first)),
    ]);
    let all = walk();
    assert!(all.len() == 3 && all[2] == first && all[0] != all[1], "each thread once: {all:?}");
    let of = |front| match land.heaps.visitor(land.territory, front) {
        Visitor::Thread(thread) => thread,
        Visitor::Passing => panic!("there is memory"),
    };
    assert!(!std::ptr::eq(of(fronts[0]), of(fronts[1])), "each has one of its own");
    assert_eq!(land.heaps.threads.load(Ordering::Relaxed), 3);
}
