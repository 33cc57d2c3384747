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

pub mod common;
pub mod first_blocks;
pub mod flush;
pub mod heaps;
pub mod magazine;
pub mod packed;
pub mod pairs;
pub mod refill;
pub mod reserve;
pub mod slabs;
pub mod thread_heap;

pub use heaps::Heaps;
pub use magazine::Front;
pub use slabs::Heap;
pub use thread_heap::ThreadHeap;
