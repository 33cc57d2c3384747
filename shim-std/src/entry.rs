//! What every slow path does first and last: it finds the thread's front, and out whether somebody is told of blocks; it
//! has the thread's end noticed, and attends to the purge thread.

use core::ptr;

use hakmem_core::Front;

use crate::first::First;
use crate::process::ALLOCATOR;
use crate::{fork, front, purge_thread, thread_exit, valgrind, witness};

/// The first thread to come ends with the process: nothing of its need be handed over, and a program with
/// one thread calls no pthread function.
fn is_first_thread() -> bool {
    static THREAD: First = First::new();
    THREAD.is_first()
}

/// True if somebody is told of every block. Asked before the first front opens.
#[inline(always)]
pub(crate) fn is_told() -> bool {
    if witness::is_unknown() {
        find();
    }
    witness::is_on()
}

#[cold]
#[inline(never)]
fn find() {
    let judged = valgrind::judges();
    if judged {
        ALLOCATOR.watch_the_door(witness::OFF);
        valgrind::untrack(ptr::from_ref(&ALLOCATOR).cast(), size_of_val(&ALLOCATOR));
    }
    witness::found(judged);
    if judged {
        // Where blocks begin is known to others than who has the first one: so nobody has it.
        enter(|front| ALLOCATOR.take_slow(front, 1));
    }
}

/// Does what is ours alone to do; whoever is told of blocks does not see it.
#[inline(always)]
pub(crate) fn ours<T>(work: impl FnOnce() -> T) -> T {
    is_told();
    witness::ours(work)
}

/// What a slow path does, between what every slow path does first and last.
pub(crate) fn enter<T>(path: impl FnOnce(&Front) -> T) -> T {
    let front = ours(front::own);
    if front.is_new() && witness::is_on() {
        // Another thread that has ended had it here, too.
        valgrind::untrack(ptr::from_ref(front).cast(), size_of_val(front));
    }
    enter_by(front, |front| witness::ours(|| path(front)))
}

/// The same where nobody is told, as the caller knows.
#[inline(always)]
pub(crate) fn enter_untold<T>(path: impl FnOnce(&Front) -> T) -> T {
    enter_by(front::own(), path)
}

#[inline(always)]
fn enter_by<T>(front: &Front, path: impl FnOnce(&Front) -> T) -> T {
    let was_new = front.is_new();
    let result = path(front);
    // Not every path makes it a thread of ours.
    if was_new && !front.is_new() && !is_first_thread() {
        thread_exit::arm();
        // With one thread there is no lock that a fork could find held.
        fork::arm();
    }
    purge_thread::attend();
    result
}
