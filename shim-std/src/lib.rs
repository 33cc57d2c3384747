//! HAKMEM for Rust programs on Linux.
//!
//! ```
//! use hakmem_alloc::Hakmem;
//!
//! #[global_allocator]
//! static A: Hakmem = Hakmem;
//!
//! let numbers: Vec<u64> = (0..1000).collect();
//! assert_eq!(numbers.iter().sum::<u64>(), 499_500);
//! ```
//!
//! Feature `allocator-api2`: [`Hakmem`] is an `Allocator` too. Feature `dlopen`: 8 bytes of static
//! thread-local storage instead of 584, for plugins that are loaded into a running program; each first
//! call of a thread then costs a little more.
//!
//! Neither std nor anything that allocates is used, so the allocator can be called from anywhere: before
//! main, from thread-local destructors, after them.

#![no_std]

pub mod caller;
pub mod current_front;
pub mod first;
pub mod fork;
pub mod global;
pub mod key;
pub mod line;
pub mod linux_pages;
mod memory_limit;
pub mod process;
pub mod purge_state;
pub mod purge_thread;
pub mod slow;
pub mod thread_exit;
pub mod told;
pub mod valgrind;

#[cfg(feature = "allocator-api2")]
mod typed;

pub use global::Hakmem;
pub use hakmem_core::Stats;
pub use process::ALLOCATOR;
pub use slow::{prewarm, prewarm_classes, stats, trim};
