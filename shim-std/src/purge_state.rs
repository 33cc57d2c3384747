//! How the purge thread stands; `purge_thread.rs` has what the C library and the system do.
//!
//! The lowest bit asks the next slow path of any thread to attend.
//!
//! | state | it | left by |
//! |---|---|---|
//! | `OFF` | is not wanted, or could not be started | [`State::want`] → `WANTED` |
//! | `WANTED` | is not there | [`State::attend`], once there is idle memory → `RUNS` |
//! | `RUNS` | makes its rounds | itself: nothing is idle → `SLEEPS`, every other thread has ended → `WANTED` |
//! | `SLEEPS` | waits, without a clock | [`State::attend`] → `RUNS` |
//!
//! In the child of a fork it is not there: `RUNS` and `SLEEPS` → `WANTED`.

use hakmem_core::seam::{AtomicU32, Ordering, fence};

const OFF: u32 = 0;
const WANTED: u32 = 1;
const RUNS: u32 = 2;
const SLEEPS: u32 = 3;
const ASKS: u32 = 1;

/// What the states are of.
pub trait World {
    /// True if a round may find something to give back, now or later.
    fn has_idle(&self) -> bool;
    /// True if every thread that came has ended.
    fn is_deserted(&self) -> bool;
    /// Gives back what is due; false if nothing is left that will be due.
    fn round(&self) -> bool;
    /// Starts the thread, which calls [`State::run`]; false if that cannot be.
    fn start(&self) -> bool;
    /// Wakes it, if it waits for the word to change.
    fn wake(&self, word: &AtomicU32);
    /// Waits while the word is `state`, or until it is woken; where it `rests`, no longer than between two rounds.
    fn wait(&self, word: &AtomicU32, state: u32, rests: bool);
}

/// See the file's head.
#[derive(Debug)]
pub struct State(AtomicU32);

impl State {
    /// Off.
    pub const fn new() -> Self {
        Self(AtomicU32::new(OFF))
    }

    /// Says whether it is wanted; once it is there, it stays. True if that changed something.
    pub fn want(&self, wanted: bool) -> bool {
        let (from, to) = if wanted { (OFF, WANTED) } else { (WANTED, OFF) };
        self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// What every slow path does last: starts or wakes it, if that is asked for.
    #[inline(always)]
    pub fn attend(&self, world: &impl World) {
        if self.0.load(Ordering::Relaxed) & ASKS != 0 {
            self.start_or_wake(world);
        }
    }

    /// The calling thread's heap is handed over: if it was the last one, the purge thread is to end too.
    pub fn thread_ended(&self, world: &impl World) {
        // Either it sees that nobody is left, or this thread that it sleeps.
        fence(Ordering::SeqCst);
        self.attend(world);
        if self.0.load(Ordering::Relaxed) == RUNS && world.is_deserted() {
            world.wake(&self.0);
        }
    }

    /// This is the child of a fork.
    pub fn forked(&self) {
        if self.0.load(Ordering::Relaxed) != OFF {
            self.0.store(WANTED, Ordering::Relaxed);
        }
    }

    #[cold]
    fn start_or_wake(&self, world: &impl World) {
        let goes_on = |from| self.0.compare_exchange(from, RUNS, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if goes_on(SLEEPS) {
            world.wake(&self.0);
        } else if world.has_idle() && !world.is_deserted() && goes_on(WANTED) && !world.start() {
            self.0.store(OFF, Ordering::Relaxed);
        }
    }

    /// The thread itself.
    pub fn run(&self, world: &impl World) {
        while !world.is_deserted() {
            if !world.round() {
                self.0.store(SLEEPS, Ordering::SeqCst);
                // What came before the state was seen by anybody shows now.
                if world.round() {
                    let _ = self.0.compare_exchange(SLEEPS, RUNS, Ordering::AcqRel, Ordering::Relaxed);
                }
                // The last thread may have ended before it could see that it has to wake this one.
                fence(Ordering::SeqCst);
                while self.0.load(Ordering::Acquire) == SLEEPS && !world.is_deserted() {
                    world.wait(&self.0, SLEEPS, false);
                }
            }
            world.wait(&self.0, RUNS, true);
        }
        self.0.store(WANTED, Ordering::Release);
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
