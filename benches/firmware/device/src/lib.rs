//! What the programs of the device share: the contender that they were built with, and the way to the host.

#![no_std]

pub mod contender;
pub mod semihosting;

// The vectors and the critical section.
use cortex_m as _;

/// The arena of every comparison, in bytes.
pub const ARENA_BYTES: usize = 32_768;
