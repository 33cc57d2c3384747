//! How many locks the threads of a model hold.

use core::cell::Cell;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Locks that are held now.
pub fn held_locks() -> usize {
    HELD.get()
}

pub(crate) fn forget() {
    HELD.set(0);
}

pub(crate) fn add() {
    HELD.set(HELD.get() + 1);
}

pub(crate) fn remove() {
    HELD.set(HELD.get().saturating_sub(1));
}
