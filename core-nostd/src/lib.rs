//! HAKMEM's core: a memory allocator without std, without alloc, without libc.
//!
//! Each layer turns one noun into the next; requests go down, memory comes up.
//!
//! ```text
//! seam        names             what our shims, models and tests need besides
//! allocator   requests          take, give, resize, audit
//! heap        magazines         front, refill, flush, common
//! guarded     guarded blocks    yard, slot, place, sight
//! large       mappings          table, cache
//! superslab   zones and slabs   maps, pool, territory, extents
//! slab        blocks            size class, record, area, mailbox
//! refuge      blocks amid forks sheets, ledger
//! pages       page runs         PageProvider, store, static region
//! region      small heaps       tiny, bounded, slabs: for firmware
//! policy      decisions         pure functions of numbers
//! harden      faults            what the client does wrong, measures against it
//! inspect     numbers           stats, audit
//! base        words             addresses, bits, locks, units
//! config      shapes            geometry, flags, settings
//! ```
//! A module uses only modules that stand below it in this list; the tidy test holds that.
//!
//! What is public is below. No function of it can break memory that is not `unsafe`, whatever its arguments are:
//!
//! ```compile_fail,E0133
//! #![forbid(unsafe_code)]
//! use hakmem_core::{Allocator, Front, PageProvider};
//!
//! fn frees_what_is_in_use<P: PageProvider>(allocator: &Allocator<P>, front: &Front, block: &mut u64) {
//!     let _ = allocator.give_slow(front, core::ptr::from_mut(block).cast());
//! }
//! ```
//!
//! ```compile_fail,E0133
//! #![forbid(unsafe_code)]
//! let front_of_two_allocators = hakmem_core::Front::new();
//! ```
//!
//! ```compile_fail,E0616
//! #![forbid(unsafe_code)]
//! fn leads_astray(front: &hakmem_core::Front) {
//!     front.heap.set(core::ptr::dangling());
//! }
//! ```
//!
//! ```compile_fail,E0423
//! #![forbid(unsafe_code)]
//! let no_such_class = hakmem_core::seam::SizeClass(250);
//! ```
//!
//! # Invariants
//!
//! | name | stands on |
//! |---|---|
//! | `zone-range` | `base/place.rs` |
//! | `kind-map`, `live-map`, `map-word`, `freed-mark`, `meta-committed` | `superslab/zone.rs` |
//! | `tiny-map` | `superslab/growth.rs` |
//! | `pool-mask`, `pool-dirty` | `superslab/pool.rs` |
//! | `pool-index` | `superslab/index.rs` |
//! | `guard-slab` | `superslab/guards.rs` |
//! | `extents` | `superslab/extents.rs` |
//! | `area` | `slab/area.rs` |
//! | `slab-word`, `slab-summary`, `slab-used`, `owner-only` | `slab/descriptor.rs` |
//! | `starter`, `starter-length` | `slab/starter.rs` |
//! | `class-range` | `slab/size_class.rs` |
//! | `heap-lists` | `heap/slabs.rs` |
//! | `reserve` | `heap/reserve.rs` |
//! | `magazine` | `heap/magazine.rs` |
//! | `holes` | `region/tiny.rs` |
//! | `marks`, `bins` | `region/bounded` |
//! | `slab-masks` | `region/slabs.rs` |
//! | `large-table` | `large.rs` |
//! | `quarantine` | `harden/quarantine.rs` |
//! | `guarded-slots` | `guarded` |
//! | `stats-add-up` | [`Stats::adds_up`] |

#![no_std]

#[cfg(test)]
extern crate std;

#[cfg(target_has_atomic = "64")]
mod config;

mod base;

mod inspect;

mod harden;

#[cfg(target_has_atomic = "64")]
mod policy;

pub mod region;

#[cfg(target_has_atomic = "64")]
pub mod pages;

#[cfg(target_has_atomic = "64")]
mod refuge;

#[cfg(target_has_atomic = "64")]
mod slab;

#[cfg(target_has_atomic = "64")]
mod superslab;

#[cfg(target_has_atomic = "64")]
mod large;

#[cfg(target_has_atomic = "64")]
mod guarded;

#[cfg(target_has_atomic = "64")]
mod heap;

#[cfg(target_has_atomic = "64")]
mod allocator;

#[doc(hidden)]
pub mod seam;

#[cfg(target_has_atomic = "64")]
pub use allocator::{Allocator, Thread};
#[cfg(target_has_atomic = "64")]
pub use config::flags::{Harden, Off, Sides};
#[cfg(target_has_atomic = "64")]
pub use config::settings::{BadSetting, PurgeThread, Settings};
pub use harden::{Fault, FaultKind};
#[cfg(target_has_atomic = "64")]
pub use harden::{Finder, OnWritten};
#[cfg(target_has_atomic = "64")]
pub use heap::Front;
pub use inspect::{Audit, Broken, Stats};
#[cfg(target_has_atomic = "64")]
pub use pages::{PageProvider, Purged, Refused};
