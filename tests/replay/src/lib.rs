//! What a device and its host share: the vocabulary of actions, the oracle that knows what must be true, and what
//! replays the one against the other. Without std, and without alloc but for the driver of the whole core.
//!
//! ```text
//! bytes of a fuzzer ─┐
//! Stream (a seed)    ├─ Action ─┬─ Session ─ Heap<P, L> over a region ─┐
//! trace of a device ─┘          └─ Driver ── Allocator<P> over pages ──┴─ Oracle
//!
//! a program ─ Recorder ─ Heap<P, L>      the trace of a device comes from here; `hakmem-replay FILE` replays it
//!                └────── trace
//! ```

#![no_std]

#[cfg(feature = "whole")]
extern crate alloc;

pub mod action;
#[cfg(feature = "whole")]
pub mod driver;
pub mod flawed;
pub mod oracle;
pub mod recorder;
pub mod session;
pub mod stream;
pub mod summary;
pub mod trace;

pub use action::{Action, Actions, Encoded, Wrong};
pub use flawed::Flawed;
pub use oracle::{Oracle, Wish};
pub use recorder::Recorder;
pub use session::Session;
pub use stream::Stream;
pub use summary::Summary;
