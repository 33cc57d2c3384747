//! Heaps over a region of memory, for firmware: no threads, no pages, no header in a block.
//!
//! | profile | time of a call | granule | spent of the region | largest region |
//! |---|---|---|---|---|
//! | [`Tiny`] | grows with the number of holes | 8 bytes | nothing | 512 KiB |
//! | [`Bounded`] | a fixed number of steps | 16 bytes | 1 byte in 128 | 1 MiB |
//! | [`Slabs`] | fixed for most small blocks, else as `Tiny` | 8 bytes | 176 bytes for 32 pages | 256 to 512 KiB |
//!
//! Stands on harden (faults) and inspect (what an audit found).

#[cfg(feature = "allocator-api2")]
mod allocator_api;
mod bounded;
#[cfg(feature = "heap-stats")]
mod counters;
#[cfg(not(feature = "heap-stats"))]
#[path = "no_counters.rs"]
mod counters;
mod heap;
mod heap_macro;
mod lock;
mod profile;
mod scan;
mod several;
mod slabs;
mod stats;
mod tiny;

pub use bounded::Bounded;
pub use heap::{Heap, OnFault};
pub use lock::*;
pub use profile::{Profile, REGION_ALIGN, RegionError};
pub use several::{Capabilities, Placement, Several};
pub use slabs::Slabs;
pub use stats::HeapStats;
pub use tiny::Tiny;
