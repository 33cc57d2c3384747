//! What the client can do wrong, and its words; measures against it beyond those that are always on, each in a file
//! of its own. Stands on `config`, `base`.
//!
//! | measure | file | what is done where |
//! |---|---|---|
//! | `double_free` | – | `allocator/give.rs`: frees claim their block by an atomic exchange |
//! | `zero`, `junk` | [`fill`] | `allocator/hardened.rs` fills what is freed and looks at what is handed out |
//! | `quarantine` | [`quarantine`] | `allocator/hardened.rs`, a queue a thread; `large.rs` for mappings |
//! | `random` | [`random`] | `heap/thread_heap.rs`, `slab/scattered.rs`, `superslab/pool.rs` |
//! | `sizes` | – | `allocator/hardened.rs`: what a sized free says is held against the block |
//! | `guard_slabs` | [`guard_slabs`] | `superslab/guards.rs`; `large.rs` for mappings |

mod fault;
#[cfg(target_has_atomic = "64")]
pub(crate) mod fill;
#[cfg(target_has_atomic = "64")]
pub(crate) mod guard_slabs;
#[cfg(target_has_atomic = "64")]
pub(crate) mod measures;
#[cfg(target_has_atomic = "64")]
pub(crate) mod quarantine;
#[cfg(target_has_atomic = "64")]
pub(crate) mod random;

pub use fault::{Fault, FaultKind};
#[cfg(target_has_atomic = "64")]
pub(crate) use measures::Measures;
#[cfg(target_has_atomic = "64")]
pub use measures::{Finder, OnWritten};
