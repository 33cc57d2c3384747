//! The other side of `core-nostd/src/base/sync`: atomics, cells and the lock as the model checker sees them.
//!
//! Loom's own atomics are large, have constructors and cannot stand in raw pages, where zero must be a valid record.
//! These are as large as the processor's and hold their value where they stand; while threads are modelled, each
//! address that is used has an object of loom's in a table beside it (`words`). So the whole allocator runs in a
//! model as it is, its records, live map and pool in raw memory.
//!
//! | phase | an access | begins |
//! |---|---|---|
//! | plain | goes to memory; no other thread is there | with each execution |
//! | modelled | goes to loom's object of that address | [`begin`] |
//! | plain | as before, with what the threads left | [`end`], when all are joined |
//!
//! An object that a thread makes is not known to the others, for loom: objects must be there before the threads. An
//! address that is met for the first time is therefore noted, and the model begins anew with it ([`learned`]).

mod atomic;
mod cell;
mod held;
mod lock;
mod words;

pub use core::sync::atomic::Ordering;

pub use atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, fence};
pub use cell::Cell;
pub use held::held_locks;
pub use lock::{Guard, Lock};
pub use words::{begin, end, learned, read_block, reset, start, use_block, zero};
