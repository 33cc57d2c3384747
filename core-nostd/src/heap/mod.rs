//! Heaps: a thread's front of magazines, the slabs behind it, and what passes between the two. Stands on
//! the superslab layer and `large`.
//!
//! ```text
//! front (thread-local)  magazines, one a class: the hot paths push and pop here
//!   │ refill / flush    batches
//! heap                  the thread's slabs by class; others' frees arrive in its mailbox
//! common                heaps without a thread, under locks: cold threads take from them, the heaps of
//!                       exited threads go there
//! ```

pub(crate) mod common;
pub(crate) mod first_blocks;
pub(crate) mod flush;
pub(crate) mod front;
pub(crate) mod gate;
pub(crate) mod heaps;
pub(crate) mod magazine;
pub(crate) mod packed;
pub(crate) mod reach;
pub(crate) mod refill;
pub(crate) mod reserve;
pub(crate) mod slabs;
mod starters;
pub(crate) mod thread_heap;

pub use gate::Gate;
pub use heaps::Heaps;
pub use slabs::Heap;
pub use thread_heap::Front;
pub(crate) use thread_heap::ThreadHeap;
