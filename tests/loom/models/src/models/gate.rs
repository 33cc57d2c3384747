//! The gate: who is behind it when a fork copies the memory.

use hakmem_core::Front;
use hakmem_core::seam::{AtomicU32, Gate, Ordering};

use crate::arena::{Arena, Pages};
use crate::check::{Model, together};
use crate::land::{Land, front, left};

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "gate",
        holds: "a thread is behind the gate, or a fork has it shut: never both; the last word is an open gate",
        bound: Some(3),
        gated: true,
        body: one_thread,
    },
    Model {
        name: "gate_passing",
        holds: "the same of a thread that has no thread heap yet",
        bound: Some(3),
        gated: true,
        body: passing,
    },
    Model {
        name: "gate_two_forks",
        holds: "of two threads that fork at once each finds the other and a third outside",
        bound: Some(2),
        gated: true,
        body: two_forks,
    },
    Model {
        name: "gate_within_a_fork",
        holds: "a thread that forks goes through its own gate, unless another forks too",
        bound: Some(3),
        gated: true,
        body: within_a_fork,
    },
];

/// What is shared: two words that are the same when nobody is behind the gate.
#[derive(Clone, Copy)]
struct Shared {
    gate: &'static Gate<Pages>,
    land: Land,
    words: &'static [AtomicU32; 2],
    shut_out: &'static std::cell::Cell<u32>,
}

impl Shared {
    fn new(arena: &'static Arena) -> Self {
        let words = arena.put([AtomicU32::new(0), AtomicU32::new(0)]);
        Self { gate: arena.put(Gate::new()), land: Land::new(arena), words, shut_out: left() }
    }

    /// A thread, which has a thread heap.
    fn front(&self, arena: &'static Arena) -> &'static Front {
        let front = front(arena);
        let _ = self.land.heaps.visitor(self.land.territory, front);
        front
    }

    /// Changes what is shared, if the gate is open.
    fn change(&self, front: &Front, to: u32) {
        match self.gate.enter(front) {
            Some(_inside) => self.words.iter().for_each(|word| word.store(to, Ordering::Relaxed)),
            None => self.shut_out.set(self.shut_out.get() + 1),
        }
    }

    fn check(&self) {
        let [first, second] = self.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        assert_eq!(first, second, "somebody is behind the gate");
    }

    /// A fork: the memory is copied between the two looks.
    fn fork(&self, front: &Front, amid: impl FnOnce()) {
        self.gate.shut(front, self.land.heaps.threads());
        self.check();
        amid();
        self.check();
        self.gate.open(front);
    }

    fn is_open_to(&self, fronts: &[&Front]) {
        self.shut_out.set(0);
        fronts.iter().for_each(|front| self.change(front, 9));
        assert_eq!(self.shut_out.get(), 0, "the gate stays shut");
        self.check();
    }
}

fn one_thread(arena: &'static Arena) {
    let shared = Shared::new(arena);
    let (own, other) = (shared.front(arena), shared.front(arena));
    together([
        Box::new(move || (1..3).for_each(|number| shared.change(other, number))),
        Box::new(move || shared.fork(own, || {})),
    ]);
    shared.is_open_to(&[own, other]);
}

fn passing(arena: &'static Arena) {
    let shared = Shared::new(arena);
    let (own, other) = (shared.front(arena), front(arena));
    together([
        Box::new(move || (1..3).for_each(|number| shared.change(other, number))),
        Box::new(move || shared.fork(own, || {})),
    ]);
    shared.is_open_to(&[own, other]);
}

fn two_forks(arena: &'static Arena) {
    let shared = Shared::new(arena);
    let fronts = [(); 3].map(|()| shared.front(arena));
    let [one, two, three] = fronts;
    together([
        Box::new(move || shared.change(three, 1)),
        Box::new(move || shared.fork(one, || {})),
        Box::new(move || shared.fork(two, || {})),
    ]);
    shared.is_open_to(&fronts);
}

/// A handler of a fork allocates, and another thread forks meanwhile.
fn within_a_fork(arena: &'static Arena) {
    let shared = Shared::new(arena);
    let (one, two) = (shared.front(arena), shared.front(arena));
    together([
        Box::new(move || {
            shared.gate.shut(one, shared.land.heaps.threads());
            shared.change(one, 1);
            shared.gate.open(one);
        }),
        Box::new(move || shared.fork(two, || {})),
    ]);
    // Alone, it is let in.
    shared.shut_out.set(0);
    shared.fork(one, || shared.change(one, 5));
    assert_eq!(shared.shut_out.get(), 0, "a thread's own fork shuts it out");
    shared.is_open_to(&[one, two]);
}
