//! How the purge thread stands; `purge_thread.rs` has what the C library and the system do.
//!
//! | bits | it | left by |
//! |---|---|---|
//! | `ASKS` | is not there; slow paths look whether it is worth its while | [`State::attend`] → `RUNS` |
//! | `RUNS` | makes its rounds | itself, when nothing is idle or every other thread has ended → `ASKS`, if it is wanted |
//! | neither | is not wanted, or could not be started | [`State::want`] → `ASKS` |
//!
//! Beside these stands the setting. In the child of a fork it is not there.

use hakmem_core::PurgeThread;
use hakmem_core::seam::{AtomicU32, Ordering};

const ASKS: u32 = 1;
const RUNS: u32 = 2;
const ALWAYS: u32 = 4;
const AUTO: u32 = 8;
const WISHES: u32 = ALWAYS | AUTO;

/// What the states are of.
pub trait World {
    /// True if a round may find something to give back, now or later.
    fn has_idle(&self) -> bool;
    /// True if that is so much, in a process that has threads anyway, that nobody need ask for the thread.
    fn has_much_idle(&self) -> bool;
    /// True if every thread that came has ended.
    fn is_deserted(&self) -> bool;
    /// Gives back what is due; false if nothing is left that will be due.
    fn round(&self) -> bool;
    /// Starts the thread, which calls [`State::run`]; false if that cannot be.
    fn start(&self) -> bool;
    /// Ends its rest early.
    fn wake(&self, word: &AtomicU32);
    /// Rests until the next round is due, while the word is `state`.
    fn rest(&self, word: &AtomicU32, state: u32);
}

/// See the file's head.
#[derive(Debug)]
pub struct State(AtomicU32);

/// Not there, and wanted like this.
const fn asking(wish: PurgeThread) -> u32 {
    match wish {
        PurgeThread::Never => 0,
        PurgeThread::Always => ASKS | ALWAYS,
        PurgeThread::Auto => ASKS | AUTO,
    }
}

/// The same of a state in which it is there, or was.
const fn without_it(state: u32) -> u32 {
    let wish = state & WISHES;
    if wish == 0 { 0 } else { wish | ASKS }
}

impl State {
    /// It is not there.
    pub const fn new(wish: PurgeThread) -> Self {
        Self(AtomicU32::new(asking(wish)))
    }

    /// Says whether it is wanted; one that is there ends when nothing is idle any more. True if it is wanted always
    /// from now on, and was not.
    pub fn want(&self, wish: PurgeThread) -> bool {
        let new = asking(wish);
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let next = if state & RUNS == 0 { new } else { new & WISHES | RUNS };
            match self.0.compare_exchange(state, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return next & ALWAYS != 0 && state & ALWAYS == 0,
                Err(now) => state = now,
            }
        }
    }

    /// What every slow path does last: starts it, if it is wanted and there is something for it to do.
    #[inline(always)]
    pub fn attend(&self, world: &impl World) {
        let state = self.0.load(Ordering::Relaxed);
        if state & ASKS == 0 {
            return;
        }
        let is_worth_it =
            if state & AUTO == 0 { world.has_idle() && !world.is_deserted() } else { world.has_much_idle() };
        if is_worth_it {
            self.start(state, world);
        }
    }

    #[cold]
    fn start(&self, state: u32, world: &impl World) {
        if self.turn(state) && !world.start() {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// From a state in which it is not there to that in which it is; false if that is not the state any more.
    fn turn(&self, asks: u32) -> bool {
        self.0.compare_exchange(asks, asks ^ (ASKS | RUNS), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The calling thread's heap is handed over: if it was the last one, the purge thread is to end too.
    pub fn thread_ended(&self, world: &impl World) {
        self.attend(world);
        // If it begins to rest just now, it rests for once.
        if self.0.load(Ordering::Relaxed) & RUNS != 0 && world.is_deserted() {
            world.wake(&self.0);
        }
    }

    /// This is the child of a fork.
    pub fn forked(&self) {
        let state = self.0.load(Ordering::Relaxed);
        // There is no other thread. A store alone is a race to a checker that saw others read, and most often nothing changes.
        if state & RUNS != 0 {
            let _ = self.0.compare_exchange(state, without_it(state), Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// The thread itself.
    pub fn run(&self, world: &impl World) {
        loop {
            while !world.is_deserted() && world.round() {
                world.rest(&self.0, self.0.load(Ordering::Relaxed));
            }
            let asks = self.leave();
            // What became idle before anybody could see that it is to be asked for shows now.
            if asks == 0 || world.is_deserted() || !world.round() || !self.turn(asks) {
                return;
            }
        }
    }

    /// It is about to end, and is to be asked for again, if it is wanted still; returns the state.
    fn leave(&self) -> u32 {
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let next = without_it(state);
            match self.0.compare_exchange(state, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(now) => state = now,
            }
        }
    }
}
