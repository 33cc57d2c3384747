//! The shim's state machines: who comes first, the key that is made once, the purge thread.

use std::cell::{Cell, RefCell};

use hakmem_core::PurgeThread;
use hakmem_core::seam::{AtomicU32, Ordering};
use hakmem_shim::first::First;
use hakmem_shim::key::Key;
use hakmem_shim::purge_state::{State, World};
use loom::thread::JoinHandle;

use crate::arena::Arena;
use crate::check::{Model, together};
use crate::land::left;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "shim_first_thread",
        holds: "of two threads that come at once one is the first",
        bound: None,
        gated: true,
        body: first_thread,
    },
    Model {
        name: "shim_key",
        holds: "threads that need the key at once have the same one, made before it is known; the others are unmade",
        bound: Some(2),
        gated: true,
        body: key,
    },
    Model {
        name: "shim_purge_thread",
        holds: "the purge thread is started for what comes, and ends when the last thread has",
        bound: Some(1),
        gated: false,
        body: purge_thread,
    },
    Model {
        name: "shim_purge_alone",
        holds: "the purge thread is started when it is wanted and worth its while, once, and again after it has ended",
        bound: None,
        gated: false,
        body: purge_alone,
    },
    Model {
        name: "shim_purge_again",
        holds: "what becomes idle again and again goes back, whether the purge thread runs or has ended",
        bound: Some(2),
        gated: false,
        body: purge_again,
    },
];

fn first_thread(arena: &'static Arena) {
    let (door, told) = (arena.put(First::new()), [left::<bool>(), left()]);
    together([Box::new(move || told[0].set(door.is_first())), Box::new(move || told[1].set(door.is_first()))]);
    assert_eq!(told.iter().filter(|told| told.get()).count(), 1);
}

fn key(arena: &'static Arena) {
    let (key, made) = (arena.put(Key::new()), arena.put(AtomicU32::new(0)));
    // What the C library writes as it makes the key numbered so, which `setspecific` reads.
    let place = |number: u32| arena.range().start + 4096 + 64 * number as usize;
    let get = move || {
        let make = || {
            let number = made.fetch_add(1, Ordering::Relaxed);
            hakmem_seam::use_block(std::ptr::with_exposed_provenance_mut(place(number)));
            Some(number)
        };
        let unmade = left::<u32>();
        let got = key.get(make, |number| unmade.set(number + 1)).expect("made");
        hakmem_seam::read_block(std::ptr::with_exposed_provenance_mut(place(got)));
        (got, unmade.get())
    };
    let got = [left::<(u32, u32)>(), left(), left()];
    together([
        Box::new(move || got[0].set(get())),
        Box::new(move || got[1].set(get())),
        Box::new(move || got[2].set(get())),
    ]);
    let got = got.map(|got| got.get());
    assert!(got.iter().all(|one| one.0 == got[0].0), "one key: {got:?}");
    let unmade = got.iter().filter(|one| one.1 != 0);
    assert!(unmade.clone().all(|one| one.1 != got[0].0 + 1), "it is not unmade");
    assert_eq!(unmade.count() as u32 + 1, made.load(Ordering::Relaxed), "the others are");
}

/// A process of two threads.
struct Process {
    state: &'static State,
    /// Threads that have not ended.
    threads: &'static AtomicU32,
    /// Idle memory.
    idle: &'static AtomicU32,
    /// What goes back next.
    due: &'static AtomicU32,
    /// What has gone back.
    given: &'static AtomicU32,
    started: RefCell<Vec<JoinHandle<()>>>,
}

struct Shared(&'static Process);

impl World for Shared {
    fn has_idle(&self) -> bool {
        self.0.idle.load(Ordering::Relaxed) != 0
    }

    fn has_much_idle(&self) -> bool {
        self.has_idle() && !self.is_deserted()
    }

    fn is_deserted(&self) -> bool {
        self.0.threads.load(Ordering::Relaxed) == 0
    }

    fn round(&self) -> bool {
        // What is idle is due by the next round.
        self.0.given.fetch_add(self.0.due.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        let found = self.0.idle.swap(0, Ordering::AcqRel);
        self.0.due.fetch_add(found, Ordering::Relaxed);
        found != 0
    }

    fn start(&self) -> bool {
        let process = self.0;
        let thread = loom::thread::spawn(move || process.state.run(&Shared(process)));
        self.0.started.borrow_mut().push(thread);
        true
    }

    fn wake(&self, _: &AtomicU32) {}

    fn rest(&self, _: &AtomicU32, _: u32) {
        loom::thread::yield_now();
    }
}

/// A process of which the calling thread plays all; who would start the purge thread only counts.
struct Alone {
    state: &'static State,
    idle: Cell<bool>,
    deserted: Cell<bool>,
    starts: Cell<u32>,
    rounds: Cell<u32>,
}

impl World for Alone {
    fn has_idle(&self) -> bool {
        self.idle.get()
    }

    fn has_much_idle(&self) -> bool {
        self.idle.get()
    }

    fn is_deserted(&self) -> bool {
        self.deserted.get()
    }

    /// The second one finds something, and while it looks another thread asks.
    fn round(&self) -> bool {
        self.rounds.set(self.rounds.get() + 1);
        let finds = self.rounds.get() == 2;
        if finds {
            self.state.attend(self);
        }
        finds
    }

    fn start(&self) -> bool {
        self.starts.set(self.starts.get() + 1);
        true
    }

    fn wake(&self, _: &AtomicU32) {}

    fn rest(&self, _: &AtomicU32, _: u32) {}
}

impl Alone {
    fn new(arena: &'static Arena, wish: PurgeThread) -> Self {
        let [idle, deserted] = [(); 2].map(|()| Cell::new(false));
        let [starts, rounds] = [(); 2].map(|()| Cell::new(0));
        Self { state: arena.put(State::new(wish)), idle, deserted, starts, rounds }
    }

    /// How often it was started after one more slow path.
    fn starts(&self, idle: bool) -> u32 {
        self.idle.set(idle);
        self.state.attend(self);
        self.starts.get()
    }
}

fn purge_alone(arena: &'static Arena) {
    assert_eq!(Alone::new(arena, PurgeThread::Never).starts(true), 0, "nobody wants it");
    for wish in [PurgeThread::Always, PurgeThread::Auto] {
        let alone = Alone::new(arena, wish);
        assert_eq!([alone.starts(false), alone.starts(true), alone.starts(true)], [0, 1, 1], "it is there once");
        alone.state.run(&alone);
        assert_eq!((alone.rounds.get(), alone.starts.get()), (2, 2), "another one was started while it looked again");
        alone.deserted.set(true);
        alone.state.run(&alone);
        assert_eq!(alone.rounds.get(), 2, "nobody is left");
        alone.deserted.set(false);
        assert_eq!(alone.starts(true), 3, "it is asked for again");
    }
    let ends = Alone::new(arena, PurgeThread::Always);
    ends.idle.set(true);
    ends.state.thread_ended(&ends);
    assert_eq!(ends.starts.get(), 1, "what a thread leaves is idle");
}

impl Process {
    /// So many threads, and a purge thread that is wanted so.
    fn new(arena: &'static Arena, threads: u32, wish: PurgeThread) -> &'static Self {
        let [count, idle, due, given] = [(); 4].map(|()| arena.put(AtomicU32::new(0)));
        count.store(threads, Ordering::Relaxed);
        let process =
            Self { state: arena.put(State::new(wish)), threads: count, idle, due, given, started: RefCell::default() };
        Box::leak(Box::new(process))
    }

    /// Memory becomes idle. As long as this thread is there, somebody gives it back.
    fn work(&'static self, times: u32) {
        for done in 0..times {
            self.idle.fetch_add(1, Ordering::AcqRel);
            self.state.attend(&Shared(self));
            while self.given.load(Ordering::Relaxed) == done {
                loom::thread::yield_now();
            }
        }
    }

    /// The calling thread ends, and with the last one the purge thread.
    fn end(&'static self) {
        self.threads.fetch_sub(1, Ordering::Relaxed);
        self.state.thread_ended(&Shared(self));
        loop {
            let thread = self.started.borrow_mut().pop();
            let Some(thread) = thread else { return };
            thread.join().expect("a thread that panics ends the model");
        }
    }
}

fn purge_thread(arena: &'static Arena) {
    let process = Process::new(arena, 2, PurgeThread::Always);
    together([
        Box::new(move || process.end()),
        Box::new(move || {
            process.work(1);
            process.end();
        }),
    ]);
    let after = Alone { state: process.state, ..Alone::new(arena, PurgeThread::Never) };
    assert_eq!(after.starts(true), 1, "it is not there any more, and wanted still");
}

fn purge_again(arena: &'static Arena) {
    let process = Process::new(arena, 1, PurgeThread::Auto);
    together([Box::new(move || {
        process.work(2);
        process.end();
    })]);
}
