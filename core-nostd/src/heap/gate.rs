//! The gate before all that threads share: a fork shuts it and waits until no other thread is behind it, so that the
//! child finds everything whole and no lock held. Who finds it shut does not wait, but goes to the refuge.
//!
//! A thread that enters says so and then looks whether the gate is shut; a fork shuts it and then looks who is inside:
//! one of the two sees the other. A fork is no hindrance to its own thread, nor is a thread to a fork of its own, which
//! a signal handler begins in the middle of a call.
//!
//! | count | of | changed by |
//! |---|---|---|
//! | `Gate::forks` | forks under way | every thread |
//! | `Front::forks` | of these, the thread's own: a handler may fork during a fork | the thread |
//! | `ThreadHeap::inside` | 1 if the thread is inside | the thread; a child, which clears all others |
//! | `Gate::passing` | threads without a thread heap that are inside | every thread |
//! | `Front::passing` | of these, the thread itself | the thread |
//!
//! A handler may come between any two instructions: what is a thread's own is counted later than the sum when a fork
//! begins, and earlier when a thread enters, and a child takes what is less. So the sum is right in the parent, and what
//! the child's own handlers take away later is never missing.

use core::marker::PhantomData;
use core::ptr;

use super::{Front, ThreadHeap};
use crate::base::sync::{AtomicU32, Ordering, Relax, fence};

/// See the file's head.
pub struct Gate<R> {
    forks: AtomicU32,
    passing: AtomicU32,
    waits: PhantomData<fn() -> R>,
}

/// A thread is inside as long as this lives.
pub struct Inside<'a> {
    thread: &'a ThreadHeap,
    before: u32,
}

/// A thread is inside without its thread heap as long as this lives.
pub struct Passing<'a> {
    own: &'a AtomicU32,
    sum: &'a AtomicU32,
    before: u32,
}

/// One of the two.
pub enum Entered<'a> {
    /// With its thread heap.
    Thread(Inside<'a>),
    /// Without.
    Passing(Passing<'a>),
}

impl<R: Relax> Gate<R> {
    /// Open, nobody inside.
    pub const fn new() -> Self {
        Self { forks: AtomicU32::new(0), passing: AtomicU32::new(0), waits: PhantomData }
    }

    /// True if another thread's fork is under way.
    #[inline(always)]
    pub fn is_shut_to(&self, front: &Front) -> bool {
        let forks = self.forks.load(Ordering::Relaxed);
        forks != 0 && forks > front.forks.load(Ordering::Relaxed)
    }

    /// Lets the front's thread in, unless the gate is shut to it. Who is inside may ask again.
    #[inline(never)]
    pub fn enter<'a>(&'a self, front: &'a Front) -> Option<Entered<'a>> {
        match front.thread_heap() {
            Some(thread) => self.enter_by(front, thread).map(Entered::Thread),
            None => self.enter_passing(front).map(Entered::Passing),
        }
    }

    /// The same where the front's thread heap is known.
    #[inline(always)]
    pub fn enter_by<'a>(&'a self, front: &Front, thread: &'a ThreadHeap) -> Option<Inside<'a>> {
        let before = thread.inside.load(Ordering::Relaxed);
        thread.inside.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let inside = Inside { thread, before };
        // One that is not let in leaves again.
        (!self.is_shut_to(front)).then_some(inside)
    }

    /// The same for a thread that has no thread heap, or is about to lose it.
    #[cold]
    #[inline(never)]
    pub fn enter_passing<'a>(&'a self, front: &'a Front) -> Option<Passing<'a>> {
        // A fork waits for the sum: who would not be let in stays out of it.
        if self.is_shut_to(front) {
            return None;
        }
        let before = front.passing.load(Ordering::Relaxed);
        front.passing.store(before + 1, Ordering::Relaxed);
        self.passing.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let inside = Passing { own: &front.passing, sum: &self.passing, before };
        (!self.is_shut_to(front)).then_some(inside)
    }

    /// The same, however long the gate is shut: for who holds nothing that another thread may wait for.
    #[cold]
    pub fn wait<'a>(&'a self, front: &'a Front) -> Entered<'a> {
        loop {
            if let Some(inside) = self.enter(front) {
                return inside;
            }
            R::relax();
        }
    }

    /// True if the front's thread is inside: then a handler has come in the middle of a call of it.
    pub fn has_inside(&self, front: &Front) -> bool {
        let depth = front.thread_heap().map_or(0, |thread| thread.inside.load(Ordering::Relaxed));
        depth + front.passing.load(Ordering::Relaxed) > 0
    }

    /// A fork begins: nobody else is inside from here on.
    pub fn shut<'a>(&self, front: &Front, threads: impl Iterator<Item = &'a ThreadHeap>) {
        self.forks.fetch_add(1, Ordering::Relaxed);
        front.forks.store(front.forks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while self.passing.load(Ordering::Acquire) > front.passing.load(Ordering::Relaxed) {
            R::relax();
        }
        for other in threads.filter(|thread| !ptr::eq(*thread, front.thread.get())) {
            while other.inside.load(Ordering::Acquire) != 0 {
                R::relax();
            }
        }
    }

    /// The fork is over, in the parent. Nothing if its begin was not told.
    pub fn open(&self, front: &Front) {
        let own = front.forks.load(Ordering::Relaxed);
        if own > 0 {
            front.forks.store(own - 1, Ordering::Relaxed);
            take_one(&self.forks);
        }
    }

    /// The same in the child: no other thread is left.
    pub fn open_in_child<'a>(&self, front: &Front, threads: impl Iterator<Item = &'a ThreadHeap>) {
        let least = |sum: &AtomicU32, own: u32| sum.store(sum.load(Ordering::Relaxed).min(own), Ordering::Relaxed);
        self.open(front);
        least(&self.forks, front.forks.load(Ordering::Relaxed));
        least(&self.passing, front.passing.load(Ordering::Relaxed));
        for other in threads.filter(|thread| !ptr::eq(*thread, front.thread.get())) {
            other.inside.store(0, Ordering::Relaxed);
        }
    }
}

impl<R: Relax> Default for Gate<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Inside<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.thread.inside.store(self.before, Ordering::Release);
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        take_one(self.sum);
        self.own.store(self.before, Ordering::Release);
    }
}

/// One less, if it is not 0.
#[cold]
#[inline(never)]
fn take_one(sum: &AtomicU32) {
    let mut now = sum.load(Ordering::Relaxed);
    while let Some(less) = now.checked_sub(1)
        && let Err(other) = sum.compare_exchange_weak(now, less, Ordering::Release, Ordering::Relaxed)
    {
        now = other;
    }
}
