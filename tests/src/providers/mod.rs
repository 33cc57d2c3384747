//! Page providers for tests: two that have memory, and layers over either that change one thing each.
//! Stands on the core's `pages`.
//!
//! | provider | what it changes |
//! |---|---|
//! | [`Region`] | memory of its own, given back when it is dropped |
//! | [`LinuxPages`] | the system's |
//! | [`Faulty`] | refuses chosen calls, keeps purged memory as it is, checks every run that goes by |
//! | [`Coarse`] | larger pages; checks that runs are whole ones |
//! | [`Clocked`] | the clock is set by hand |
//! | [`Interleaved`] | before a chosen call another thread uses the allocator |
//! | [`Narrow`] | small zones, and only so much address space |

pub mod clocked;
pub mod coarse;
pub mod faulty;
pub mod interleaved;
pub mod ledger;
pub mod linux;
pub mod narrow;
pub mod region;

pub use clocked::Clocked;
pub use coarse::Coarse;
pub use faulty::Faulty;
pub use interleaved::Interleaved;
pub use ledger::Ledger;
pub use linux::LinuxPages;
pub use narrow::Narrow;
pub use region::Region;
