//! HAKMEM's core: a memory allocator without std, without alloc, without libc.
//!
//! Each layer turns one noun into the next; requests go down, memory comes up.
//!
//! ```text
//! allocator   requests          take, give, resize, audit
//! heap        magazines         front, refill, flush, common
//! guarded     guarded blocks    yard, slot, place, sight
//! large       mappings          table, cache
//! superslab   zones and slabs   live map, pool, territory
//! slab        blocks            size class, record, mailbox
//! pages       page runs         PageProvider, store, static region
//! region      small heaps       tiny, bounded, slabs: for firmware
//! policy      decisions         pure functions of numbers
//! harden      faults            what the client does wrong, measures against it
//! inspect     numbers           stats, audit
//! base        words             addresses, bits, locks
//! config      shapes            geometry, flags, settings
//! ```
//! A module uses only modules that stand below it in this list; the tidy test holds that.
//!
//! # Invariants
//!
//! | name | stands on |
//! |---|---|
//! | `live-map`, `freed-mark`, `meta-committed` | [`superslab::zone`] |
//! | `pool-mask`, `pool-dirty`, `pool-index` | [`superslab::pool`] |
//! | `guard-slab` | [`superslab::Territory::claim_guarded`] |
//! | `slab-word`, `slab-summary`, `slab-used`, `owner-only` | [`slab::descriptor`] |
//! | `starter` | [`slab::starter`] |
//! | `class-range` | [`slab::size_class`] |
//! | `heap-lists` | [`heap::slabs`] |
//! | `reserve` | [`heap::reserve`] |
//! | `magazine` | [`heap::magazine`] |
//! | `holes` | [`region::Tiny`] |
//! | `marks`, `bins` | [`region::Bounded`] |
//! | `slab-masks` | [`region::Slabs`] |
//! | `large-table` | [`large`] |
//! | `quarantine` | [`harden::quarantine`] |
//! | `guarded-slots` | [`guarded`] |
//! | `stats-add-up` | [`inspect::Stats::adds_up`] |

#![no_std]

#[cfg(test)]
extern crate std;

pub mod config;

pub mod base;

pub mod inspect;

pub mod harden;

#[cfg(target_has_atomic = "64")]
pub mod policy;

pub mod region;

#[cfg(target_has_atomic = "64")]
pub mod pages;

#[cfg(target_has_atomic = "64")]
pub mod slab;

#[cfg(target_has_atomic = "64")]
pub mod superslab;

#[cfg(target_has_atomic = "64")]
pub mod large;

#[cfg(target_has_atomic = "64")]
pub mod guarded;

#[cfg(target_has_atomic = "64")]
pub mod heap;

#[cfg(target_has_atomic = "64")]
pub mod allocator;

#[cfg(target_has_atomic = "64")]
pub use allocator::Allocator;
pub use harden::{Fault, FaultKind};
#[cfg(target_has_atomic = "64")]
pub use heap::Front;
pub use inspect::{Audit, Broken, Stats};
#[cfg(target_has_atomic = "64")]
pub use pages::{PageProvider, Purged};
