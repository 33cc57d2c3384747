//! Page providers for tests: two that have memory, and layers over either that change one thing each.
//! Stands on the core's `pages`.
//!
//! | provider | what it changes |
//! |---|---|
//! | [`Region`] | memory of its own, given back when it is dropped |
//! | [`LinuxPages`] | the system's |
//! | [`Faulty`] | refuses chosen calls, keeps purged memory as it is, checks every run that goes by |
//! | [`Clocked`] | the clock is set by hand |
//! | [`Interleaved`] | before a chosen call another thread uses the allocator |
//! | [`Narrow`] | small zones, and only so much address space |
//! | [`Paged`] | pages of 16 or 64 KiB |

pub mod clocked;
pub mod faulty;
pub mod interleaved;
pub mod ledger;
pub mod linux;
pub mod narrow;
pub mod paged;
pub mod region;

pub use clocked::Clocked;
pub use faulty::Faulty;
pub use interleaved::Interleaved;
pub use ledger::Ledger;
pub use linux::LinuxPages;
pub use narrow::Narrow;
pub use paged::Paged;
pub use region::Region;
