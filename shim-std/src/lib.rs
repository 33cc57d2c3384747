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
//!
//! Nothing here can break memory without `unsafe`; what gives blocks back by hand is no door of this crate's:
//!
//! ```compile_fail,E0133
//! #![forbid(unsafe_code)]
//! let mut numbers = vec![1_u64; 400];
//! let _ = hakmem_alloc::seam::slow::give(numbers.as_mut_ptr().cast());
//! ```
//!
//! ```compile_fail,E0603
//! let _ = hakmem_alloc::slow::trim();
//! ```
//!
//! # Layers
//!
//! ```text
//! seam          names               what the preload library and tests need besides
//! typed         allocator-api2      the `Allocator` trait
//! global        GlobalAlloc         the hot paths of a Rust program
//! slow          slow paths          each compiled once, out of line
//! told          told blocks         what valgrind's judges hear of
//! entry         every slow path     what it does first and last
//! thread_exit   a thread's end      its heap is handed over
//! fork          a fork              the child finds no lock held
//! purge_thread  idle memory         the thread that gives it back
//! purge_state   and its states
//! front         this thread         its front, the hot paths on it
//! process       the process         its allocator, the end after a fault
//! linux_pages   pages               by system calls of our own
//! runs          runs of zones       claimed at their place, or held
//! place         places              where they may lie
//! mapping       mappings            what the system is asked for them
//! witness       valgrind's judges   whether there is one
//! seed          keys                that nobody can foretell
//! caller        who calls           thread and frames
//! advice        of memory           what the system does not take
//! world         the machine         what memory the process may have, and how many processors
//! kernel        system calls        that no library is needed for
//! valgrind      requests            what valgrind can be asked and told
//! line          lines               written to stderr or a file
//! key           pthread keys        made once
//! first         who comes first
//! ```
//! A module uses only modules that stand below it in this list; the tidy test holds that.

#![no_std]

#[cfg(test)]
extern crate std;

mod first;

mod key;

mod line;

mod valgrind;

mod kernel;

mod world;

mod advice;

mod caller;

mod seed;

mod witness;

mod mapping;

mod place;

mod runs;

mod linux_pages;

mod process;

mod front;

mod purge_state;

mod purge_thread;

mod fork;

mod thread_exit;

mod entry;

mod told;

mod slow;

mod global;

#[cfg(feature = "allocator-api2")]
mod typed;

#[doc(hidden)]
pub mod seam;

pub use global::Hakmem;
#[doc(inline)]
pub use hakmem_core::{Settings, Stats};
pub use slow::{configure, prewarm, prewarm_classes, stats, trim};
